/**
 * An exact number: lengths and counts are added up for days, and 0.1 + 0.2 must be 0.3. Numbers of a machine come as
 * doubles or text; each is taken for the shortest decimal that stands for it. Rounding happens once, where a number leaves.
 */
export interface Rational {
  readonly n: bigint;
  /** Above 0, with nothing in common with `n`. */
  readonly d: bigint;
}

const gcd = (a: bigint, b: bigint): bigint => {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
};

export const rational = (n: bigint, d = 1n): Rational => {
  if (d === 0n) throw new RangeError('a denominator of 0');
  const sign = d < 0n ? -1n : 1n;
  const common = gcd(n, d * sign) || 1n;
  return { n: (sign * n) / common, d: (sign * d) / common };
};

export const ZERO: Rational = { n: 0n, d: 1n };

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
/** Beyond this no machine counts; the digits would only cost time. */
const MOST_DIGITS = 400;

/** The exact value of a finite number, an integer or a decimal text; null for everything else. */
export const toRational = (value: unknown): Rational | null => {
  if (typeof value === 'bigint') return { n: value, d: 1n };
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return null;
  const scale = Number(exponent) - fraction.length;
  if (Math.abs(scale) + whole.length + fraction.length > MOST_DIGITS) return null;
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`);
  return scale >= 0 ? rational(digits * 10n ** BigInt(scale)) : rational(digits, 10n ** BigInt(-scale));
};

export const add = (a: Rational, b: Rational): Rational =>
  a.d === b.d ? rational(a.n + b.n, a.d) : rational(a.n * b.d + b.n * a.d, a.d * b.d);
export const subtract = (a: Rational, b: Rational): Rational => add(a, { n: -b.n, d: b.d });
export const multiply = (a: Rational, b: Rational): Rational => rational(a.n * b.n, a.d * b.d);
export const divide = (a: Rational, b: Rational): Rational => rational(a.n * b.d, a.d * b.n);
/** Below 0, 0 or above 0, as a is smaller than, equal to or larger than b. */
export const compare = (a: Rational, b: Rational): number => {
  const difference = a.n * b.d - b.n * a.d;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};
export const isZero = (a: Rational): boolean => a.n === 0n;

/** To so many decimals, halves away from 0. */
export const round = (a: Rational, decimals: number): number => {
  const factor = 10n ** BigInt(decimals);
  const doubled = (a.n < 0n ? -a.n : a.n) * factor * 2n + a.d;
  const units = doubled / (a.d * 2n);
  const text = units.toString().padStart(decimals + 1, '0');
  const number = Number(decimals === 0 ? text : `${text.slice(0, -decimals)}.${text.slice(-decimals)}`);
  return a.n < 0n && number !== 0 ? -number : number;
};

/** The nearest double, of two that are equally near the even one; exact down to 1e-290, below which no machine measures. */
export const toNumber = (a: Rational): number => {
  const size = a.n < 0n ? -a.n : a.n;
  if (size <= MOST_EXACT && a.d <= MOST_EXACT) return Number(a.n) / Number(a.d);
  // A quotient of some 60 bits, its last one set where there is a remainder: rounding it once is rounding the number once.
  const shift = Math.max(0, 64 + bitsOf(a.d) - bitsOf(size));
  const shifted = size << BigInt(shift);
  const number = Number((shifted / a.d) | (shifted % a.d === 0n ? 0n : 1n)) * 2 ** -shift;
  return a.n < 0n ? -number : number;
};

const MOST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);
const bitsOf = (n: bigint): number => n.toString(16).length * 4;

/** `12`, `1/10`: how it stands in a stored state. */
export const writeRational = (a: Rational): string => (a.d === 1n ? String(a.n) : `${a.n}/${a.d}`);
export const readRational = (text: string): Rational => {
  const [n = '0', d = '1'] = text.split('/');
  return rational(BigInt(n), BigInt(d));
};
