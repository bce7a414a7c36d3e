import type { Signal } from '../signal/signal';
import { type Rational, toRational } from '../unit/rational';
import { heldNumber, type KnownValue } from './held-value';
import type { MappedSignal } from './mapping';

/**
 * What a machine said, as the type that the mapping declares, without loss or not at all: `'007'` stays text where text is
 * declared, and is 7 where a number is; 1.5 is no integer; a whole number above 2^53 stays exact, as text.
 */
export type TypedValue =
  | { readonly kind: 'value'; readonly value: KnownValue; readonly exact: Rational | null }
  /** Null, NaN, an infinity, empty text where a number is declared: nothing is known, which is never 0. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'conflict' };

const NOTHING: TypedValue = { kind: 'nothing' };
const CONFLICT: TypedValue = { kind: 'conflict' };

const RANGES = {
  int64: { least: -(2n ** 63n), most: 2n ** 63n - 1n },
  uint64: { least: 0n, most: 2n ** 64n - 1n },
} as const;

export const typedValue = (signal: Pick<Signal, 'value' | 'type'>, declared: MappedSignal['type']): TypedValue => {
  const said = signal.value;
  if (said === null || (typeof said === 'number' && !Number.isFinite(said))) return NOTHING;
  switch (declared) {
    case null:
      return undeclared(said, signal.type);
    case 'json':
      return { kind: 'value', value: said, exact: null };
    case 'string':
      return typeof said === 'object' ? CONFLICT : { kind: 'value', value: String(said), exact: null };
    case 'bool':
      return bool(said);
    case 'datetime':
      return datetime(said);
    case 'int64':
    case 'uint64':
    case 'double':
    case 'float':
      return number(said, declared);
  }
};

const undeclared = (said: KnownValue, type: Signal['type']): TypedValue => {
  const numeric = typeof said === 'number' || (typeof said === 'string' && (type === 'int64' || type === 'uint64'));
  const exact = numeric ? toRational(said) : null;
  return exact === null
    ? { kind: 'value', value: said, exact: null }
    : { kind: 'value', value: heldNumber(exact).value, exact };
};

const WORDS: { readonly [word: string]: boolean } = { true: true, false: false, '1': true, '0': false };

const bool = (said: KnownValue): TypedValue => {
  if (typeof said === 'boolean') return { kind: 'value', value: said, exact: null };
  const word = typeof said === 'object' ? '' : String(said).trim().toLowerCase();
  if (word === '' && typeof said === 'string') return NOTHING;
  return Object.hasOwn(WORDS, word) ? { kind: 'value', value: WORDS[word]!, exact: null } : CONFLICT;
};

const datetime = (said: KnownValue): TypedValue => {
  if (typeof said === 'string' && said.trim() === '') return NOTHING;
  if (typeof said === 'string' && /^\d{4}-\d{2}-\d{2}/.test(said) && !Number.isNaN(Date.parse(said)))
    return { kind: 'value', value: said, exact: null };
  if (typeof said === 'number' && Math.abs(said) <= 8.64e15)
    return { kind: 'value', value: new Date(said).toISOString(), exact: null };
  return CONFLICT;
};

const number = (said: KnownValue, declared: 'int64' | 'uint64' | 'double' | 'float'): TypedValue => {
  if (typeof said !== 'number' && typeof said !== 'string') return CONFLICT;
  if (typeof said === 'string' && /^([+-]?(nan|inf(inity)?))?$/i.test(said.trim())) return NOTHING;
  const exact = toRational(said);
  if (exact === null) return CONFLICT;
  if (declared === 'double' || declared === 'float') return { kind: 'value', value: heldNumber(exact).value, exact };
  const { least, most } = RANGES[declared];
  return exact.d === 1n && exact.n >= least && exact.n <= most
    ? { kind: 'value', value: heldNumber(exact).value, exact }
    : CONFLICT;
};
