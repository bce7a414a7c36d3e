import type { Millrace } from '../client/millrace';
import type { Io } from './io';
import type { Output } from './output';
import { UsageError } from './usage-error';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What its value is called in the help, `<url>`. */
  readonly value?: string;
  readonly help: string;
}
export type Options = { readonly [name: string]: Option };

export interface Context {
  readonly io: Io;
  readonly out: Output;
  readonly err: Output;
  /** `--json`: programs read the output. */
  readonly json: boolean;
  /** The client of the site that is logged in to. */
  readonly millrace: () => Promise<Millrace>;
}

/** What was given on the command line; asking for one that is not declared is a defect. */
export class Given {
  constructor(
    private readonly values: { readonly [name: string]: string | boolean | (string | boolean)[] | undefined },
    readonly positionals: readonly string[],
  ) {}

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Of an option that may be given several times, or once with commas. */
  list(name: string): string[] | undefined {
    const value = this.values[name];
    if (!Array.isArray(value)) return undefined;
    const items = value.flatMap((each) => String(each).split(',')).map((each) => each.trim());
    return items.filter((each) => each !== '');
  }

  /** Each as it was written. */
  each(name: string): string[] {
    const value = this.values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) throw new UsageError(`--${name}: ${text} is not a number.`);
    return value;
  }

  wholeNumber(name: string, least: number, most: number): number | undefined {
    const value = this.number(name);
    if (value !== undefined && (!Number.isInteger(value) || value < least || value > most))
      throw new UsageError(`--${name}: must be a whole number from ${least} to ${most}, not ${value}.`);
    return value;
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const word = words.find((each) => each === text);
    if (word === undefined) throw new UsageError(`--${name}: must be one of ${words.join(', ')}, not ${text}.`);
    return word;
  }

  /** JSON of an option, for example a filter. */
  json(name: string): unknown {
    const text = this.text(name);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new UsageError(`--${name}: is not JSON: ${(error as Error).message}`);
    }
  }
}

export interface Command {
  /** Its words, `endpoints create`. */
  readonly name: string;
  readonly summary: string;
  /** What stands behind the words, `<endpoint>`. */
  readonly parameters?: readonly string[];
  readonly options?: Options;
  /** More about it. */
  readonly about?: string;
  readonly examples?: readonly string[];
  /** The exit code. */
  run(given: Given, context: Context): Promise<number>;
}

/** Those that every command has. */
export const COMMON_OPTIONS: Options = {
  json: { type: 'boolean', help: 'JSON for programs instead of text for people' },
  help: { type: 'boolean', short: 'h', help: 'this help' },
};
