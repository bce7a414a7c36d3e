import { divide, isZero, type Rational, toRational } from '@millrace/domain';

/**
 * A number as settings write it, exactly: `0.1`, `"0.1"`, `"1/10"`. Null for anything else, and for a fraction whose digits do
 * not end, such as `1/3`: what is scaled leaves as a number or its digits, and neither is that.
 */
export const readFactor = (given: number | string): Rational | null => {
  const [dividend = '', divisor, ...more] = String(given).split('/');
  const [n, d] = [toRational(dividend), toRational(divisor ?? 1)];
  if (n === null || d === null || isZero(d) || more.length > 0) return null;
  const factor = divide(n, d);
  return ends(factor.d) ? factor : null;
};

/** Whether it divides a power of ten. */
const ends = (denominator: bigint): boolean => {
  let rest = denominator;
  for (const prime of [2n, 5n]) while (rest % prime === 0n) rest /= prime;
  return rest === 1n;
};
