import fc from 'fast-check';
import { multiply, rational } from './rational';
import { conversionFactor, convert, unitCodes, unitOf } from './ucum';

describe('units', () => {
  it.each([
    [1n, '[in_i]', 'mm', rational(254n, 10n)],
    [1n, '[ft_i]', '[in_i]', rational(12n)],
    [1n, '[yd_i]', '[ft_i]', rational(3n)],
    [1n, 'm', '[in_i]', rational(5000n, 127n)],
    [254n, 'mm', '[in_i]', rational(10n)],
    [1n, '[lb_av]', 'kg', rational(45_359_237n, 100_000_000n)],
    [16n, '[oz_av]', '[lb_av]', rational(1n)],
    [90n, 'min', 'h', rational(3n, 2n)],
    [1n, 'kW.h', 'J', rational(3_600_000n)],
    [1n, '[ft_i]/min', '[in_i]/min', rational(12n)],
    [1n, '[in_i]/s', '[ft_i]/min', rational(5n)],
    [50n, '%', '1', rational(1n, 2n)],
  ])('%s %s in %s', (value, from, to, expected) => {
    expect(convert(rational(value), from, to)).toEqual(expected);
  });

  it.each([
    ['[in_i]', '[lb_av]'],
    ['[in_i]', 'in'],
    ['inch', 'mm'],
    ['Cel', 'K'],
    ['[degF]', 'Cel'],
    ['', 'mm'],
    ['constructor', 'mm'],
  ])('%s is not a multiple of %s', (from, to) => {
    expect(conversionFactor(from, to)).toBeNull();
  });

  it('are their own, be they a mere factor or not', () => {
    for (const code of unitCodes()) {
      const { factor } = unitOf(code)!;
      expect(conversionFactor(code, code)).toEqual(factor === null ? null : rational(1n));
    }
  });

  it('come back exactly', () => {
    const lengths = unitCodes('length');
    fc.assert(
      fc.property(fc.constantFrom(...lengths), fc.constantFrom(...lengths), fc.bigInt(), (a, b, n) => {
        expect(convert(convert(rational(n), a, b)!, b, a)).toEqual(rational(n));
      }),
    );
    expect(multiply(conversionFactor('m', '[in_i]')!, conversionFactor('[in_i]', 'm')!)).toEqual(rational(1n));
  });

  it('are named for an error', () => {
    expect(unitCodes('mass')).toEqual(['g', 'mg', 'kg', 't', '[lb_av]', '[oz_av]']);
    expect(unitCodes()).toContain('[in_i]');
  });
});
