import fc from 'fast-check';
import {
  add,
  compare,
  divide,
  isZero,
  multiply,
  type Rational,
  rational,
  readRational,
  round,
  subtract,
  toNumber,
  toRational,
  writeRational,
  ZERO,
} from './rational';

const exact: fc.Arbitrary<Rational> = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 1n, max: 10n ** 20n }))
  .map(([n, d]) => rational(n, d));

describe('an exact number', () => {
  it('is 0.3 where 0.1 and 0.2 are added', () => {
    expect(add(toRational(0.1)!, toRational(0.2)!)).toEqual(toRational('0.3'));
  });

  it.each([
    [12, rational(12n)],
    [0.1, rational(1n, 10n)],
    [-2.5, rational(-5n, 2n)],
    [1e21, rational(10n ** 21n)],
    [1.5e-7, rational(15n, 100_000_000n)],
    [16.422603607177734, rational(16422603607177734n, 10n ** 15n)],
    [12345678901234567890n, rational(12345678901234567890n)],
    ['18446744073709551615', rational(18446744073709551615n)],
    [' 00217.50 ', rational(435n, 2n)],
    ['+.5', rational(1n, 2n)],
    ['5.', rational(5n)],
    ['1E3', rational(1000n)],
    [-0, ZERO],
  ])('is read from %p', (value, expected) => {
    expect(toRational(value)).toEqual(expected);
  });

  it.each([
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    ['0x1E87'],
    ['8100004F'],
    ['1,5'],
    ['.'],
    [''],
    ['-'],
    ['1e99999'],
    ['9'.repeat(500)],
    ['1e400'],
    [null],
    [undefined],
    [true],
    [[1]],
    [{}],
  ])('is not read from %p', (value) => {
    expect(toRational(value)).toBeNull();
  });

  it('has a denominator above 0 and in lowest terms', () => {
    expect(rational(6n, -4n)).toEqual({ n: -3n, d: 2n });
    expect(rational(0n, 7n)).toEqual(ZERO);
    expect(() => rational(1n, 0n)).toThrow(RangeError);
    expect(() => divide(rational(1n), ZERO)).toThrow(RangeError);
  });

  it('follows the laws of arithmetic', () => {
    fc.assert(
      fc.property(exact, exact, exact, (a, b, c) => {
        expect(add(a, b)).toEqual(add(b, a));
        expect(multiply(a, add(b, c))).toEqual(add(multiply(a, b), multiply(a, c)));
        expect(subtract(add(a, b), b)).toEqual(a);
        if (!isZero(b)) expect(multiply(divide(a, b), b)).toEqual(a);
        expect(Math.sign(compare(a, b))).toBe(-Math.sign(compare(b, a)) || 0);
        expect(compare(a, a)).toBe(0);
      }),
    );
  });

  it('comes back from its text, and a double comes back from it', () => {
    fc.assert(fc.property(exact, (a) => expect(readRational(writeRational(a))).toEqual(a)));
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const read = toRational(value);
        if (read !== null && (value === 0 || Math.abs(value) > 1e-290)) expect(toNumber(read) + 0).toBe(value + 0);
      }),
    );
    expect([writeRational(rational(12n)), writeRational(rational(1n, 10n))]).toEqual(['12', '1/10']);
  });

  it.each([
    ['1.0005', 3, 1.001],
    ['-1.0005', 3, -1.001],
    ['1.00049999', 3, 1],
    ['0.5', 0, 1],
    ['-0.4', 0, 0],
    ['2.675', 2, 2.68],
    ['0.004', 2, 0],
    ['1234567.891', 3, 1234567.891],
  ])('%s to %i decimals is %p', (text, decimals, expected) => {
    expect(Object.is(round(toRational(text)!, decimals), expected)).toBe(true);
  });

  it('is never further from its rounding than half of the last place', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
        fc.bigInt({ min: 1n, max: 10n ** 6n }),
        (n, d) => {
          const a = rational(n, d);
          const off = subtract(toRational(round(a, 3))!, a);
          expect(compare(multiply(off, off), rational(1n, 4_000_000n))).toBeLessThanOrEqual(0);
        },
      ),
    );
  });

  it('is a double also where its parts are none', () => {
    expect(toNumber(rational(10n ** 400n + 1n, 10n ** 399n))).toBe(10);
    expect(toNumber(rational(-(10n ** 400n), 10n ** 399n))).toBe(-10);
    expect(toNumber(rational(2n ** 53n + 1n))).toBe(2 ** 53);
    expect(toNumber(rational(2n ** 54n + 3n, 2n))).toBe(2 ** 53 + 2);
  });
});
