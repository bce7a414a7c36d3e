import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What docs/sources/<name>.md tells an integrator to send, to be sent as it stands there. */
export class Documented {
  private readonly text: string;

  constructor(readonly name: string) {
    this.text = readFileSync(join(__dirname, `../../docs/sources/${name}.md`), 'utf8');
  }

  /** The JSON of the `nth` `-d '…'`, counted from 1. */
  body<T = { readonly [member: string]: unknown }>(nth: number): T {
    const bodies = [...this.text.matchAll(/-d '([[{][^']*)'/g)].map(([, body]) => body!);
    if (bodies[nth - 1] === undefined) throw new Error(`docs/sources/${this.name}.md has ${bodies.length} bodies.`);
    return JSON.parse(bodies[nth - 1]!) as T;
  }

  /** The `nth` mapping, counted from 1. */
  mapping(nth = 1): string {
    const mappings = [...this.text.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, mapping]) => mapping!);
    if (mappings[nth - 1] === undefined)
      throw new Error(`docs/sources/${this.name}.md has ${mappings.length} mappings.`);
    return mappings[nth - 1]!;
  }
}

/** The settings of a documented body, with others in their place: addresses, mostly. */
export const withSettings = <T extends object>(
  body: T,
  settings: object,
): T & { settings: { [name: string]: unknown } } => ({
  ...body,
  settings: { ...(body as { settings?: object }).settings, ...settings },
});
