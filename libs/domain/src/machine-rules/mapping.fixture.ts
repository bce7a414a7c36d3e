import { rational } from '../unit/rational';
import { type AliasName, type Expression, ExpressionFailed, type ExpressionValue, type Scope } from './expression';
import type { MappedSignal, MappedSource, Mapping, Rule } from './mapping';

/** Mappings as tests write them: what is said, and defaults for the rest. */
export interface WrittenMapping {
  readonly name?: string;
  readonly version?: number;
  readonly hash?: string;
  readonly machine?: Partial<Mapping['machine']>;
  readonly sources?: { readonly [alias: string]: Partial<MappedSource> };
  /** By alias; `paths` is the alias itself unless it says otherwise. */
  readonly signals?: { readonly [alias: AliasName]: Partial<MappedSignal> };
  readonly rules?: readonly Rule[];
}

export const mappedSource = (over: Partial<MappedSource> = {}): MappedSource => ({
  source: null,
  maxSkewMs: 300_000,
  maxBacklogMs: null,
  reorder: null,
  ...over,
});

export const mappedSignal = (alias: AliasName, over: Partial<MappedSignal> = {}): MappedSignal => ({
  alias,
  source: null,
  paths: [alias],
  ignoreCase: false,
  type: null,
  unit: null,
  scale: null,
  modulus: null,
  staleAfterMs: null,
  deadband: null,
  ...over,
});

export const mappingOf = (written: WrittenMapping): Mapping => ({
  name: written.name ?? 'test',
  version: written.version ?? 1,
  hash: written.hash ?? 'a'.repeat(64),
  machine: { timeZone: 'UTC', number: null, ...written.machine },
  sources: Object.fromEntries(
    Object.entries(written.sources ?? {}).map(([alias, source]) => [alias, mappedSource(source)]),
  ),
  signals: Object.fromEntries(
    Object.entries(written.signals ?? {}).map(([alias, signal]) => [alias, mappedSignal(alias, signal)]),
  ),
  rules: written.rules ?? [],
});

/** An expression by a function. What it reads is given by `read(alias)`, which fails, as CEL does, on what is not known. */
export const expression = (
  inputs: readonly AliasName[],
  evaluate: (read: (alias: AliasName) => NonNullable<ExpressionValue>, scope: Scope) => ExpressionValue,
  text = 'written by a test',
): Expression => ({
  text,
  inputs,
  evaluate: (scope) =>
    evaluate((alias) => {
      const value = scope.now.value(alias);
      if (value === null) throw new ExpressionFailed(`${alias} is not known`);
      return value;
    }, scope),
});

/** `alias` as it is. */
export const aliasValue = (alias: AliasName): Expression => expression([alias], (read) => read(alias), alias);
export const constant = (value: ExpressionValue): Expression => expression([], () => value, JSON.stringify(value));
/** `alias == word`, true as long as it says so. */
export const says = (alias: AliasName, word: ExpressionValue): Expression =>
  expression([alias], (read) => read(alias) === word, `${alias} == '${String(word)}'`);
/** `status` comes to be this at this signal. */
export const statusComesTo = (status: string): Expression =>
  expression([], (_read, { now, before }) => now.status === status && before.status !== status, `-> ${status}`);

export const TENTHS = rational(1n, 10n);
