/**
 * A strict, streaming reader of the XML that MTConnect agents write: elements, attributes, text, CDATA, comments and
 * processing instructions. A DOCTYPE is refused whatever it holds, so no entity is ever declared or fetched; the five
 * entities of XML and numeric ones are read. Whatever is not well-formed throws XmlRefused, at the latest at `end()`.
 */
export type XmlToken =
  | { readonly kind: 'open'; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string };

export type XmlRefusal = 'malformed' | 'doctype' | 'too_large' | 'truncated';

export class XmlRefused extends Error {
  override readonly name = 'XmlRefused';
  constructor(
    readonly code: XmlRefusal,
    detail: string,
  ) {
    super(detail);
  }
}

export const XML_LIMITS = {
  /** Nested elements. */
  depth: 64,
  /** Attributes of one element. */
  attributes: 128,
  /** Characters of one tag, or of the text between two tags. */
  tokenLength: 1024 * 1024,
} as const;

const NAME = String.raw`[A-Za-z_\u00c0-\ufffd][\w.\u00b7-\ufffd-]*(?::[A-Za-z_\u00c0-\ufffd][\w.\u00b7-\ufffd-]*)?`;
const OPEN = new RegExp(
  `^(${NAME})((?:[ \\t\\r\\n]+${NAME}[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"[^"<]*"|'[^'<]*'))*)[ \\t\\r\\n]*(/?)$`,
);
const ATTRIBUTE = new RegExp(`(${NAME})[ \\t\\r\\n]*=[ \\t\\r\\n]*(?:"([^"]*)"|'([^']*)')`, 'g');
const CLOSE = new RegExp(`^(${NAME})[ \\t\\r\\n]*$`);
const INSTRUCTION = new RegExp(`^(${NAME})(?:[ \\t\\r\\n]|$)`);
const ENCODING = /[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)["']/;
const BLANK = /^[ \t\r\n]*$/;
/** What XML 1.0 does not have as a character, however it is written. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;
const ENTITIES: { readonly [name: string]: string } = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** How a piece of markup begins, and how it ends. Longest first: `<` begins them all. */
const MARKUP = [
  { begin: '<!--', end: '-->', kind: 'comment' },
  { begin: '<![CDATA[', end: ']]>', kind: 'cdata' },
  { begin: '<?', end: '?>', kind: 'instruction' },
  { begin: '<!', end: '>', kind: 'declaration' },
  { begin: '</', end: '>', kind: 'close' },
] as const;
const LONGEST_BEGIN = '<![CDATA['.length;

export class XmlReader {
  private held = '';
  private readonly open: string[] = [];
  private begun = false;
  private rooted = false;

  /** Tokens that are complete with this text. */
  push(text: string): XmlToken[] {
    this.held += text;
    const tokens: XmlToken[] = [];
    let at = 0;
    for (;;) {
      const next = this.held.indexOf('<', at);
      if (next < 0) break;
      if (next > at) this.text(this.held.slice(at, next), tokens);
      at = next;
      const end = this.markup(at, tokens);
      if (end === null) break;
      at = end;
    }
    this.held = this.held.slice(at);
    if (this.held.length > XML_LIMITS.tokenLength)
      throw new XmlRefused('too_large', `A tag or text is longer than ${XML_LIMITS.tokenLength} characters.`);
    return tokens;
  }

  /** Throws `truncated` unless the document is complete. */
  end(): void {
    if (!BLANK.test(this.held) || this.open.length > 0 || !this.rooted)
      throw new XmlRefused(
        this.rooted || this.held !== '' ? 'truncated' : 'malformed',
        this.open.length > 0
          ? `The document ends inside <${this.open[this.open.length - 1]}>.`
          : 'The document has no complete element.',
      );
  }

  /** The place after the markup that begins at `at`, or null where more text has to come first. */
  private markup(at: number, tokens: XmlToken[]): number | null {
    const { held } = this;
    const ahead = held.slice(at, at + LONGEST_BEGIN);
    const known = MARKUP.find(({ begin }) => ahead.startsWith(begin));
    if (known?.kind === 'declaration') {
      if (ahead.length < LONGEST_BEGIN && MARKUP.some(({ begin }) => begin.startsWith(ahead))) return null;
      throw new XmlRefused('doctype', 'The document has a DOCTYPE or another declaration; those are never read.');
    }
    if (ahead.length === 1) return null;
    const from = at + (known?.begin.length ?? 1);
    const end = known === undefined ? tagEnd(held, from) : held.indexOf(known.end, from);
    if (end < 0) return null;
    const inner = held.slice(from, end);
    if (inner.length > XML_LIMITS.tokenLength)
      throw new XmlRefused('too_large', `A tag is longer than ${XML_LIMITS.tokenLength} characters.`);
    const first = !this.begun;
    this.begun = true;
    switch (known?.kind) {
      case 'comment':
        if (inner.includes('--') || inner.endsWith('-')) throw malformed('A comment holds "--".');
        break;
      case 'cdata':
        if (this.open.length === 0) throw malformed('There is text outside the root element.');
        tokens.push({ kind: 'text', text: characters(inner) });
        break;
      case 'instruction':
        instruction(inner, first);
        break;
      case 'close':
        this.close(inner, tokens);
        break;
      default:
        this.tag(inner, tokens);
    }
    return end + (known?.end.length ?? 1);
  }

  private text(raw: string, tokens: XmlToken[]): void {
    const text = this.begun ? raw : raw.replace(/^\ufeff/, '');
    if (text !== '') this.begun = true;
    if (this.open.length === 0) {
      if (!BLANK.test(text)) throw malformed('There is text outside the root element.');
      return;
    }
    if (text.includes(']]>')) throw malformed('Text holds "]]>".');
    tokens.push({ kind: 'text', text: decoded(text) });
  }

  private tag(inner: string, tokens: XmlToken[]): void {
    const read = OPEN.exec(inner);
    if (read === null) throw malformed(`This is not a tag: <${inner.slice(0, 60)}>.`);
    if (this.open.length === 0 && this.rooted) throw malformed('There is a second root element.');
    if (this.open.length >= XML_LIMITS.depth)
      throw new XmlRefused('too_large', `Elements are nested deeper than ${XML_LIMITS.depth}.`);
    this.rooted = true;
    const name = read[1]!;
    tokens.push({ kind: 'open', name: localName(name), attributes: attributesOf(read[2]!) });
    if (read[3] === '/') tokens.push({ kind: 'close', name: localName(name) });
    else this.open.push(name);
  }

  private close(inner: string, tokens: XmlToken[]): void {
    const name = CLOSE.exec(inner)?.[1];
    if (name === undefined) throw malformed(`This is not a tag: </${inner.slice(0, 60)}>.`);
    const expected = this.open.pop();
    if (expected !== name)
      throw malformed(`</${name.slice(0, 60)}> closes ${expected === undefined ? 'nothing' : `<${expected}>`}.`);
    tokens.push({ kind: 'close', name: localName(name) });
  }
}

const malformed = (detail: string): XmlRefused => new XmlRefused('malformed', detail);

/** Names are compared without their prefix: agents bind the namespace to any. */
const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** The place of the `>` that ends a tag: one in a quoted value does not. */
const tagEnd = (text: string, from: number): number => {
  let quote = '';
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '>') return at;
    else if (character === '<') throw malformed('A "<" stands inside a tag.');
  }
  return -1;
};

const attributesOf = (text: string): Map<string, string> => {
  const attributes = new Map<string, string>();
  for (const [, name, double, single] of text.matchAll(ATTRIBUTE)) {
    if (attributes.has(name!)) throw malformed(`The attribute ${name} is given twice.`);
    attributes.set(name!, decoded((double ?? single!).replace(/[\t\r\n]/g, ' ')));
    if (attributes.size > XML_LIMITS.attributes)
      throw new XmlRefused('too_large', `An element has more than ${XML_LIMITS.attributes} attributes.`);
  }
  return attributes;
};

const instruction = (inner: string, first: boolean): void => {
  const target = INSTRUCTION.exec(inner)?.[1];
  if (target === undefined) throw malformed('A processing instruction has no name.');
  if (target.toLowerCase() !== 'xml') return;
  if (!first || target !== 'xml') throw malformed('An XML declaration stands at the beginning only.');
  const encoding = ENCODING.exec(inner)?.[1]?.toLowerCase();
  if (encoding !== undefined && !['utf-8', 'utf8', 'us-ascii'].includes(encoding))
    throw malformed(`The encoding ${JSON.stringify(encoding.slice(0, 40))} is not read; only UTF-8 is.`);
};

const decoded = (text: string): string => {
  if (!text.includes('&')) return characters(text);
  const read = text.replace(/&([^;&]{0,32})(;?)/g, (whole, name: string, end: string) => {
    const value = end === '' ? undefined : entity(name);
    if (value === undefined) throw malformed(`${JSON.stringify(whole.slice(0, 40))} is not an entity that is read.`);
    return value;
  });
  return characters(read);
};

const entity = (name: string): string | undefined => {
  if (Object.hasOwn(ENTITIES, name)) return ENTITIES[name];
  const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (digits === null) return undefined;
  const point = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  return point > 0x10ffff ? undefined : String.fromCodePoint(point);
};

/** The text with its line ends as XML has them; throws on what is no character of XML. */
const characters = (text: string): string => {
  if (FORBIDDEN.test(text)) throw malformed('There is a character that XML does not have.');
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
};
