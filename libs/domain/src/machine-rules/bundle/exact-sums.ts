import { add, compare, type Rational, readRational, toNumber, writeRational } from '../../unit/rational';
import { type Exact, LENGTH_NAMES, type LengthName, type Lengths } from './bundle-state';

/** Sums of exact numbers that stand as text in the state. */
export const plus = (a: Exact, b: Rational): Exact => writeRational(add(readRational(a), b));
export const sum = (parts: readonly Exact[]): Rational =>
  parts.reduce<Rational>((total, part) => add(total, readRational(part)), { n: 0n, d: 1n });

export const smaller = (a: Exact | null, b: Exact | null): Exact | null =>
  a === null || (b !== null && compare(readRational(b), readRational(a)) < 0) ? b : a;
export const larger = (a: Exact | null, b: Exact | null): Exact | null =>
  a === null || (b !== null && compare(readRational(b), readRational(a)) > 0) ? b : a;

export const withLength = (lengths: Lengths, which: LengthName, delta: Rational): Lengths => ({
  ...lengths,
  [which]: plus(lengths[which], delta),
});

export const bothLengths = (a: Lengths, b: Lengths): Lengths =>
  LENGTH_NAMES.reduce((lengths, which) => withLength(lengths, which, readRational(b[which])), a);

/** For a note beside the result; the result itself is rounded by its own rule. */
export const approximately = (exact: Exact): number => Math.round(toNumber(readRational(exact)) * 1000) / 1000;
