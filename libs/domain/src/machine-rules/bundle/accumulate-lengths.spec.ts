import { multiply, type Rational, rational, toNumber, toRational } from '../../unit/rational';
import { mappedSignal } from '../mapping.fixture';
import { type CounterLimits, counterLimits, inInches, lengthStep } from './accumulate-lengths';
import type { CounterMemory } from './bundle-state';
import { lineRule } from './rollform-mapping.fixture';

const NO_LIMITS: CounterLimits = { modulus: null, maxStep: null };
const limits = (modulus: number | null, maxStep: number | null): CounterLimits => ({
  modulus: toRational(modulus),
  maxStep: toRational(maxStep),
});

/** The steps of a counter that says these values one after the other. */
const steps = (values: readonly (number | string)[], by: CounterLimits): Array<[string, number]> => {
  let memory: CounterMemory | undefined;
  return values.map((value) => {
    const step = lengthStep(memory, toRational(value)!, by);
    memory = step.memory;
    return [step.what, toNumber(step.delta)];
  });
};

describe('a counter of lengths', () => {
  it.each([
    [
      'rises',
      [100, 100, 340.5],
      NO_LIMITS,
      [
        ['baseline', 0],
        ['counted', 0],
        ['counted', 240.5],
      ],
    ],
    [
      'is exact where doubles are not',
      ['0.1', '0.2', '0.3'],
      NO_LIMITS,
      [
        ['baseline', 0],
        ['counted', 0.1],
        ['counted', 0.1],
      ],
    ],
    [
      'wraps',
      [65_530, 10, 20],
      limits(65_536, null),
      [
        ['baseline', 0],
        ['wrapped', 16],
        ['counted', 10],
      ],
    ],
    [
      'wraps by at most maxStep',
      [65_530, 500],
      limits(65_536, 400),
      [
        ['baseline', 0],
        ['reset', 0],
      ],
    ],
    [
      'that could wrap begins anew',
      [30_000, 10],
      limits(65_536, null),
      [
        ['baseline', 0],
        ['reset', 10],
      ],
    ],
    [
      'begins anew at 0',
      [52_000, 0, 240],
      NO_LIMITS,
      [
        ['baseline', 0],
        ['reset', 0],
        ['counted', 240],
      ],
    ],
    [
      'begins anew, and has counted before it is heard',
      [52_000, 120],
      NO_LIMITS,
      [
        ['baseline', 0],
        ['reset', 120],
      ],
    ],
    [
      'takes a length back, and makes it again',
      [1000, 1240, 1000, 1240, 1480],
      NO_LIMITS,
      [
        ['baseline', 0],
        ['counted', 240],
        ['fell', 0],
        ['counted', 0],
        ['counted', 240],
      ],
    ],
    [
      'is another counter',
      [60_000, 52_000, 52_100],
      limits(null, 500),
      [
        ['baseline', 0],
        ['reset', 0],
        ['counted', 100],
      ],
    ],
    [
      'jumps, and the next value confirms it',
      [1000, 9000, 9240],
      limits(null, 500),
      [
        ['baseline', 0],
        ['jump', 0],
        ['jump_confirmed', 8240],
      ],
    ],
    [
      'jumps, and the next value does not',
      [1000, 9000, 1240],
      limits(null, 500),
      [
        ['baseline', 0],
        ['jump', 0],
        ['counted', 240],
      ],
    ],
    [
      'says nothing below 0',
      [1000, -5, 1240],
      NO_LIMITS,
      [
        ['baseline', 0],
        ['unreadable', 0],
        ['counted', 240],
      ],
    ],
  ] as const)('%s', (_, values, by, expected) => {
    expect(steps(values, by)).toEqual(expected);
  });
});

describe('a length in inches', () => {
  it.each([
    [12.5, '[in_i]', rational(25n, 2n)],
    ['1', '[ft_i]', rational(12n)],
    [6096, 'mm', rational(240n)],
    [rational(1n), 'm', rational(10_000n, 254n)],
    [1, 'Cel', null],
    [1, null, null],
    ['long', 'mm', null],
    [null, 'mm', null],
  ])('%p in %s', (value, unit, expected) => {
    expect(inInches(value, unit)).toEqual(expected);
  });

  it('has its limits in inches, and none on its step after an outage', () => {
    const rule = lineRule({ lengths: { ...lineRule().lengths, canonical: '[ft_i]', maxStep: 100 } });
    const good = mappedSignal('good', { unit: 'mm', scale: rational(1n, 10n), modulus: 65_536 });
    const inch = (mm: Rational) => multiply(mm, rational(10n, 254n));
    const modulus = inch(rational(65_536n, 10n));
    expect(counterLimits(rule, good, false)).toEqual({ modulus, maxStep: rational(1200n) });
    expect(counterLimits(rule, good, true)).toEqual({ modulus, maxStep: null });
  });
});
