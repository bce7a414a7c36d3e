type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
export interface Styled {
  readonly text: string;
  readonly style: Style;
}
export type Part = string | number | null | Styled;

const CODES: { readonly [style in Style]: string } = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33' };

export const styled =
  (style: Style) =>
  (text: string | number): Styled => ({ text: String(text), style });
export const bold = styled('bold');
export const dim = styled('dim');
export const red = styled('red');
export const green = styled('green');
export const yellow = styled('yellow');

/** What moves the cursor, colours, hides or turns text around; data must not do that to somebody's terminal. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text with its control characters written out, on one line. Pure. */
export const visible = (text: string): string => text.replace(CONTROL, escaped).replace(LONE_SURROGATE, escaped);

/** JSON that means the same, with the characters escaped that a terminal would act upon. Pure. */
export const visibleJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(CONTROL, (character) =>
    character === '\n' ? character : escaped(character),
  );

const widthOf = (part: Part): number => visible(textOf(part)).length;
const textOf = (part: Part): string => (part === null ? '-' : typeof part === 'object' ? part.text : String(part));

export interface Writable {
  write(text: string): unknown;
}

/** Lines for people, or JSON for programs. Every part is made visible before it is written, so no data can be forgotten. */
export class Output {
  constructor(
    private readonly stream: Writable,
    private readonly coloured: boolean,
  ) {}

  line(...parts: readonly Part[]): void {
    this.stream.write(`${parts.map((part) => this.shown(part)).join('')}\n`);
  }

  /** Our own words on several lines, such as help; not for data. */
  text(own: string): void {
    for (const line of own.split('\n')) this.line(line);
  }

  json(value: unknown, indent?: number): void {
    this.stream.write(`${visibleJson(value, indent)}\n`);
  }

  table(head: readonly string[], rows: readonly (readonly Part[])[]): void {
    const all = [head.map(dim), ...rows];
    const widths = head.map((_name, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
    for (const row of all) {
      const last = row.length - 1;
      const cells = row.map((part, column) =>
        column === last ? this.shown(part) : this.shown(part) + ' '.repeat((widths[column] ?? 0) - widthOf(part) + 2),
      );
      this.stream.write(`${cells.join('')}\n`);
    }
  }

  private shown(part: Part): string {
    const text = visible(textOf(part));
    if (!this.coloured || part === null || typeof part !== 'object') return text;
    return `\u001b[${CODES[part.style]}m${text}\u001b[0m`;
  }
}

/** Colour is for terminals, and for those who have not said no to it (no-color.org). */
export const wantsColour = (isTty: boolean, env: { readonly [name: string]: string | undefined }): boolean =>
  isTty && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
