import { divide, multiply, type Rational, rational } from './rational';

/**
 * The units that machines of a plant send, by their UCUM codes (The Unified Code for Units of Measure, case-sensitive
 * form). Factors are exact by definition: the international inch is 25.4 mm, the avoirdupois pound 0.45359237 kg.
 */
export type Dimension =
  | 'length'
  | 'mass'
  | 'time'
  | 'temperature'
  | 'pressure'
  | 'frequency'
  | 'power'
  | 'energy'
  | 'none'
  | 'angle'
  | 'speed'
  | 'volume'
  | 'current'
  | 'voltage'
  | 'force'
  | 'area'
  | 'acceleration'
  | 'flow'
  | 'torque'
  | 'angular-speed'
  /** Of a unit that stands alone here. */
  | `of ${string}`;

export interface Unit {
  readonly code: string;
  readonly dimension: Dimension;
  /** Value times this is the value in the first unit of the dimension; null where it is no mere factor (Cel, [degF]). */
  readonly factor: Rational | null;
}

const f = (n: bigint, d = 1n): Rational => rational(n, d);
const units = (dimension: Dimension, factors: { readonly [code: string]: Rational | null }): Unit[] =>
  Object.entries(factors).map(([code, factor]) => ({ code, dimension, factor }));

/** Units of which nothing is the multiple here: known, and converted into nothing. */
const ALONE = [
  'C',
  'dB',
  'deg/s2',
  'g/m3',
  'mm/{rev}',
  'Ohm',
  'Pa/s',
  'Pa.s',
  '[pH]',
  'rad',
  'T',
  'V.A',
  'lm',
  'lx',
  'cd',
];

const UNITS: ReadonlyMap<string, Unit> = new Map(
  [
    ...units('length', {
      mm: f(1n),
      um: f(1n, 1000n),
      cm: f(10n),
      dm: f(100n),
      m: f(1000n),
      km: f(1_000_000n),
      '[in_i]': f(254n, 10n),
      '[ft_i]': f(3048n, 10n),
      '[yd_i]': f(9144n, 10n),
    }),
    ...units('mass', {
      g: f(1n),
      mg: f(1n, 1000n),
      kg: f(1000n),
      t: f(1_000_000n),
      '[lb_av]': f(45_359_237n, 100_000n),
      '[oz_av]': f(45_359_237n, 1_600_000n),
    }),
    ...units('time', { ms: f(1n), s: f(1000n), min: f(60_000n), h: f(3_600_000n), d: f(86_400_000n) }),
    ...units('temperature', { K: f(1n), Cel: null, '[degF]': null }),
    ...units('pressure', { Pa: f(1n), kPa: f(1000n), MPa: f(1_000_000n), bar: f(100_000n), mbar: f(100n) }),
    ...units('frequency', {
      Hz: f(60n),
      kHz: f(60_000n),
      '/min': f(1n),
      '/s': f(60n),
      '{rev}/min': f(1n),
      '{rev}/s': f(60n),
    }),
    ...units('power', { W: f(1n), kW: f(1000n) }),
    ...units('energy', { J: f(1n), 'W.s': f(1n), 'W.h': f(3600n), 'kW.h': f(3_600_000n) }),
    ...units('none', { '1': f(1n), '%': f(1n, 100n), '{count}': f(1n), '{piece}': f(1n), '{rev}': f(1n) }),
    ...units('angle', { deg: f(1n) }),
    ...units('angular-speed', { 'deg/s': f(1n) }),
    ...units('speed', {
      'mm/s': f(60n),
      'mm/min': f(1n),
      'm/min': f(1000n),
      'm/s': f(60_000n),
      '[ft_i]/min': f(3048n, 10n),
      '[in_i]/min': f(254n, 10n),
      '[in_i]/s': f(1524n),
    }),
    ...units('acceleration', { 'mm/s2': f(1n), 'm/s2': f(1000n) }),
    ...units('volume', { L: f(1000n), mL: f(1n), m3: f(1_000_000n), mm3: f(1n, 1000n) }),
    ...units('flow', { 'L/s': f(60_000n), 'L/min': f(1000n), 'mm3/s': f(60n, 1000n) }),
    ...units('torque', { 'N.m': f(1n) }),
    ...units('current', { A: f(1000n), mA: f(1n) }),
    ...units('voltage', { V: f(1000n), mV: f(1n) }),
    ...units('force', { N: f(1n), kN: f(1000n) }),
    ...units('area', { mm2: f(1n), m2: f(1_000_000n) }),
    ...ALONE.map((code): Unit => ({ code, dimension: `of ${code}`, factor: f(1n) })),
  ].map((unit) => [unit.code, unit]),
);

/** The unit of a UCUM code, or null for one that is not known here. */
export const unitOf = (code: string): Unit | null => UNITS.get(code) ?? null;

/** Codes that are known, for an error that names them. */
export const unitCodes = (dimension?: Dimension): string[] =>
  [...UNITS.values()].filter((unit) => dimension === undefined || unit.dimension === dimension).map(({ code }) => code);

/** What a value in `from` is to be multiplied with to be in `to`; null where the one is not a mere multiple of the other. */
export const conversionFactor = (from: string, to: string): Rational | null => {
  const [a, b] = [unitOf(from), unitOf(to)];
  if (a === null || b === null || a.dimension !== b.dimension || a.factor === null || b.factor === null) return null;
  return from === to ? rational(1n) : divide(a.factor, b.factor);
};

/** An exact value in another unit; null where there is no exact way. */
export const convert = (value: Rational, from: string, to: string): Rational | null => {
  const factor = conversionFactor(from, to);
  return factor === null ? null : multiply(value, factor);
};
