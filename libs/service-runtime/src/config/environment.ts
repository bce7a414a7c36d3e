import { z } from 'zod';

/** One environment variable: what it must be, in words for people and as a schema over its text. */
export interface EnvironmentVariable<T> {
  readonly name: string;
  /** Ends the sentence "… is expected": `a port from 1 to 65535`. */
  readonly expected: string;
  /** Its text is never shown. */
  readonly secret: boolean;
  /** Reads the text; undefined when unset or empty. */
  readonly schema: z.ZodType<T>;
}

export type EnvironmentSpec<S> = { readonly [member in keyof S]: EnvironmentVariable<S[member]> };

export const variable = <T>(
  name: string,
  expected: string,
  schema: z.ZodType<T>,
  options: { readonly secret?: boolean } = {},
): EnvironmentVariable<T> => ({ name, expected, schema, secret: options.secret ?? false });

/** Settings that stop the start; the message has one line for each. */
export class WrongSettings extends Error {
  override readonly name = 'WrongSettings';
  constructor(readonly problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'One setting is' : `${problems.length} settings are`} wrong:\n${problems
        .map((problem) => `  - ${problem}`)
        .join('\n')}`,
    );
  }
}

/** Shows what was given, shortened; of a secret only that it was given. */
const shown = (text: string | undefined, secret: boolean): string => {
  if (text === undefined) return 'is not set';
  if (secret) return `is set to a value of ${text.length} characters (not shown)`;
  return `is ${JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)}`;
};

/** Reads all variables of a spec. Throws WrongSettings that names every one that is wrong. */
export const readEnvironment = <S extends object>(env: NodeJS.ProcessEnv, spec: EnvironmentSpec<S>): S => {
  const problems: string[] = [];
  const settings: Partial<S> = {};
  for (const member of Object.keys(spec) as Array<keyof S & string>) {
    const { name, expected, secret, schema } = spec[member];
    const given = env[name]?.trim();
    const text = given === '' ? undefined : given;
    const read = schema.safeParse(text);
    if (read.success) settings[member] = read.data;
    else problems.push(`${name} ${shown(text, secret)}; ${expected} is expected.`);
  }
  if (problems.length > 0) throw new WrongSettings(problems);
  return settings as S;
};

const numberText = /^-?\d+(\.\d+)?$/;

/** Schemas over the text of a variable; with a fallback it may be unset. */
export const whole = (min: number, max: number, fallback?: number): z.ZodType<number> =>
  optional(z.string().regex(numberText).transform(Number).pipe(z.number().int().min(min).max(max)), fallback);
export const decimal = (above: number, max: number, fallback?: number): z.ZodType<number> =>
  optional(z.string().regex(numberText).transform(Number).pipe(z.number().gt(above).max(max)), fallback);
export const oneOf = <const V extends readonly [string, ...string[]]>(
  values: V,
  fallback?: V[number],
): z.ZodType<V[number]> => optional(z.enum(values) as z.ZodType<V[number]>, fallback);
/** Comma-separated; empty parts are left out. */
export const list = (part: RegExp, atLeast: number, fallback?: string[]): z.ZodType<string[]> =>
  optional(
    z
      .string()
      .transform((text) =>
        text
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== ''),
      )
      .pipe(z.array(z.string().regex(part)).min(atLeast)),
    fallback,
  );

const optional = <T>(schema: z.ZodType<T>, fallback: T | undefined): z.ZodType<T> =>
  fallback === undefined ? schema : z.union([z.undefined().transform(() => fallback), schema]);
