import { type HeldValue, type MachineState, STATE_LIMITS } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import { type Rational, readRational, toNumber, toRational, writeRational } from '../unit/rational';
import type { AliasName, ExpressionValue } from './expression';
import { tableEntries, tableValue } from './value-table';

export type { HeldValue };
export type KnownValue = NonNullable<Signal['value']>;

/** Texts and objects up to this need no room of the one for long values. */
const SHORT = 64;

/** Bytes that a value takes of the room for long ones. */
export const bytesOf = (value: Signal['value']): number => {
  if (value === null || (typeof value !== 'string' && typeof value !== 'object')) return 0;
  if (typeof value === 'string' && value.length <= SHORT) return 0;
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes <= SHORT ? 0 : bytes;
};

/** The value as it is held; of what is too long for the room a text's beginning, and nothing of an object. */
export const boundedValue = (value: KnownValue, room: number): Signal['value'] => {
  if (bytesOf(value) <= Math.min(room, STATE_LIMITS.valueBytes)) return value;
  return typeof value === 'string' ? value.slice(0, SHORT) : null;
};

export const heldOf = (state: MachineState, alias: AliasName): HeldValue | null =>
  tableValue(state.values, alias) ?? (Object.hasOwn(state.derived, alias) ? state.derived[alias]! : null);

/** All that is held of what the machine says, by alias; what is computed is in `state.derived`. */
export const heldValues = (state: MachineState): readonly (readonly [AliasName, HeldValue])[] =>
  tableEntries(state.values);

/** The last known value as expressions and rules see it, whether or not it holds now. */
export const lastKnown = (held: HeldValue | null): ExpressionValue => {
  if (held === null) return null;
  if (held.exact !== null && typeof held.value === 'string') return BigInt(held.exact);
  return held.value as ExpressionValue;
};

export const knownNow = (held: HeldValue | null): ExpressionValue =>
  held === null || !held.known ? null : lastKnown(held);

/** Exactly, where it is a number; null otherwise. */
export const exactOf = (held: HeldValue): Rational | null =>
  held.exact !== null ? readRational(held.exact) : typeof held.value === 'number' ? toRational(held.value) : null;

/** A number as it is held: a double where that is it, text where it is a whole number beyond. */
export const heldNumber = (exact: Rational): { readonly value: number | string; readonly exact: string | null } => {
  const value = toNumber(exact);
  if (exact.d === 1n)
    return Number.isSafeInteger(value) ? { value, exact: null } : { value: String(exact.n), exact: String(exact.n) };
  const near = toRational(value);
  const same = near !== null && near.n === exact.n && near.d === exact.d;
  return { value, exact: same ? null : writeRational(exact) };
};
