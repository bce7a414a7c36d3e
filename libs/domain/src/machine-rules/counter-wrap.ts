import { add, compare, multiply, type Rational, rational } from '../unit/rational';

const HALF = rational(1n, 2n);

/**
 * How far a counter that fell by `moved` went on over its edge, or null where that is not to be believed. Believed is at
 * most `maxStep`, else half of the modulus: in sequence arithmetic the shorter way round (RFC 1982), so that a reset of a
 * counter that stood low makes nothing. All in the unit of the values.
 */
export const stepOverEdge = (moved: Rational, modulus: Rational, maxStep: Rational | null): Rational | null => {
  const step = add(moved, modulus);
  return step.n >= 0n && compare(step, maxStep ?? multiply(modulus, HALF)) <= 0 ? step : null;
};
