import fc from 'fast-check';
import { toNumber } from '../../unit/rational';
import { conversionFactor } from '../../unit/ucum';
import { lineInProduction, pieces } from './line-in-production.fixture';
import { playBundle } from './play-bundle.fixture';
import type { RollformLine } from './rollform-line.fixture';
import {
  encodingOf,
  LENGTHS,
  type LengthAlias,
  type LengthEncoding,
  type LengthEncodings,
  lineMapping,
  lineRule,
} from './rollform-mapping.fixture';

const rule = lineRule();

const INCH: LengthEncoding = { unit: '[in_i]', perUnit: 1, modulus: null };
const ENCODINGS: ReadonlyArray<[string, LengthEncoding]> = [
  ['inches', INCH],
  ['feet', { unit: '[ft_i]', perUnit: 1, modulus: null }],
  ['millimetres', { unit: 'mm', perUnit: 1, modulus: null }],
  ['tenths of an inch in 16 bits', { unit: '[in_i]', perUnit: 10, modulus: 65_536 }],
  ['hundredths of a foot in 32 bits', { unit: '[ft_i]', perUnit: 100, modulus: 4_294_967_296 }],
  ['tenths of a millimetre in 24 bits', { unit: 'mm', perUnit: 10, modulus: 16_777_216 }],
];

/** Lengths that are whole in every encoding: multiples of 6 in are 0.5 ft and 152.4 mm. */
const produce = (encoding: LengthEncoding): RollformLine => {
  const line = pieces(lineInProduction({ encoding, countersAt: 6_300 }), 20).scrapped(42, 2);
  line.loadCoil('COIL-2').chooseItem(2, 366, 9);
  pieces(line, 9).scrapped(6, null).chooseItem(3, 126, 3);
  pieces(line.halt().wait(90_000).run(), 3).complete().loadBundle(12345, 2);
  return pieces(line, 5).complete().tick();
};
const toldOf = (line: RollformLine, encoding: LengthEncodings, restart = false) =>
  playBundle(lineMapping(rule, encoding), line.signals, { restart }).told.map(({ data }) => data);
const told = (encoding: LengthEncoding) => toldOf(produce(encoding), encoding, true);

describe('lengths in whatever unit', () => {
  const inches = told(INCH);

  it('are the inches that were made', () => {
    expect(inches).toMatchObject([
      { GoodIn: 20 * 240 + 9 * 366 + 3 * 126, ScrapIn: 48, ShortestLengthIn: 126, LongestLengthIn: 366, TotalQty: 32 },
      { GoodIn: 5 * 126 },
    ]);
  });

  it.each(ENCODINGS)('sent as %s give the same BundleResults', (_, encoding) => {
    expect(told(encoding)).toEqual(inches);
  });

  it('wrap in the middle of a bundle where they are 16 bits', () => {
    const [, , , [, encoding]] = ENCODINGS as unknown as [unknown, unknown, unknown, [string, LengthEncoding]];
    const sent = produce(encoding)
      .signals.filter(({ path }) => path === 'Length/Good')
      .map(({ value }) => value as number);
    expect(sent.some((value, n) => n > 0 && value < sent[n - 1]!)).toBe(true);
  });

  it('wrap over an outage too', () => {
    const encoding: LengthEncoding = { unit: '[in_i]', perUnit: 10, modulus: 65_536 };
    const line = pieces(lineInProduction({ encoding, countersAt: 6_000 }), 1).disconnect();
    pieces(line, 4).connect();
    pieces(line, 1).complete().tick();
    const result = playBundle(lineMapping(rule, encoding), line.signals, { restart: true }).told[0]!.data;
    expect(result).toMatchObject({
      GoodIn: 1440,
      TotalQty: 6,
      integrity: { gaps: [{}], counters: [], violations: [] },
    });
  });
});

/** Decimals of a line that sends decimals: enough for a thousandth of an inch in any unit. */
const DECIMALS = 1e-9;
/** Half of the last place that is told, twice: two numbers that are rounded. */
const ROUNDED = 0.001;
const COUNTED_FROM = 4_000;
/** Of what is made in a test, with what was there before. */
const HIGHEST = 40_000;

/** Inches between two values that a line can send: what it says lies within half of that. */
const stepOf = ({ unit, perUnit, single }: LengthEncoding): number => {
  const inches = toNumber(conversionFactor(unit, '[in_i]')!);
  if (single !== true) return inches * (perUnit === 1 ? DECIMALS : 1 / perUnit);
  return inches * 2 ** (Math.floor(Math.log2(HIGHEST / inches)) - 23);
};

type Happening = (line: RollformLine) => RollformLine;
/** Some in thousandths of an inch, some in sixty-fourths, some in tenths of a millimetre. */
const lengths = (most: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.integer({ min: 500, max: most * 1_000 }).map((n) => n / 1_000),
    fc.integer({ min: 32, max: most * 64 }).map((n) => n / 64),
    fc.integer({ min: 127, max: most * 254 }).map((n) => n / 254),
  );
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 6 }).map((count) => (line: RollformLine) => pieces(line, count)) },
  fc.tuple(lengths(40), fc.option(fc.integer({ min: 1, max: 4 }))).map(
    ([length, code]) =>
      (line: RollformLine) =>
        line.wait(900).scrapped(length, code),
  ),
  fc.integer({ min: 1, max: 3 }).map((coil) => (line: RollformLine) => line.wait(1_000).loadCoil(`C${coil}`)),
  fc.tuple(fc.integer({ min: 1, max: 3 }), lengths(120)).map(
    ([id, length]) =>
      (line: RollformLine) =>
        line.wait(1_000).chooseItem(id * 1_000_000 + Math.round(length * 1_000), length, 25),
  ),
  fc.integer({ min: 1, max: 400 }).map(
    (seconds) => (line: RollformLine) =>
      line
        .halt()
        .wait(seconds * 500)
        .say('delayReason', seconds % 5)
        .wait(seconds * 500)
        .run(),
  ),
);
const courses = fc.array(fc.array(happening, { minLength: 3, maxLength: 14 }), { minLength: 1, maxLength: 3 });

const make = (course: readonly (readonly Happening[])[], encoding: LengthEncodings): RollformLine => {
  const line = pieces(lineInProduction({ encoding, countersAt: COUNTED_FROM }), 1);
  course.forEach((happenings, n) => {
    for (const happens of happenings) happens(line);
    pieces(line, 1).complete().wait(3_000);
    line.loadBundle(12345, n + 2);
  });
  return line.tick();
};

const ENCODED: fc.Arbitrary<LengthEncoding> = fc.constantFrom(
  ...ENCODINGS.map(([, encoding]) => encoding),
  { unit: 'm', perUnit: 1, modulus: null },
  { unit: '[yd_i]', perUnit: 1_000, modulus: 1_000_000 },
  { unit: 'mm', perUnit: 1, modulus: null, single: true },
  { unit: '[ft_i]', perUnit: 1, modulus: null, single: true },
);
const eachInItsOwn: fc.Arbitrary<LengthEncodings> = fc.oneof(
  ENCODED,
  fc.record({ good: ENCODED, scrap: ENCODED, reclaimed: ENCODED, itemLength: ENCODED, pieceLength: ENCODED }),
);

interface Result {
  readonly [member: string]: unknown;
  /** From 1; a bundle whose scrap is explained late is told again. */
  readonly BundleNumber: number;
  readonly GoodIn: number;
  readonly ScrapIn: number;
  readonly ReclaimedIn: number;
  readonly ConsumedLengthIn: number;
  readonly Items: ReadonlyArray<{ readonly ItmId: number; readonly QuantityDone: number; readonly LengthIn: number }>;
  readonly CoilsUsed: ReadonlyArray<{
    readonly CoilSerialNumber: string;
    readonly ConsumedLengthIn: number;
    readonly GoodIn: number;
    readonly ScrapIn: number;
  }>;
  readonly ScrapInByReason: { readonly [reason: string]: number };
  readonly DelayMinByReason: { readonly [reason: string]: number };
  readonly integrity: { readonly violations: readonly unknown[]; readonly counters: readonly unknown[] };
}

const MEASURED = [
  ...['GoodIn', 'ProducedLengthIn', 'ScrapIn', 'ReclaimedIn', 'ConsumedLengthIn', 'ShortestLengthIn'],
  ...['LongestLengthIn', 'LengthIn', 'ScrapInByReason'],
];
/** All but the lengths. */
const beside = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(beside)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value).flatMap(([name, inner]) => (MEASURED.includes(name) ? [] : [[name, beside(inner)]])),
        )
      : value;
const total = (numbers: Iterable<number>): number => [...numbers].reduce((a, b) => a + b, 0);

describe('lengths as they come', () => {
  const within = (a: number | undefined, b: number | undefined, tolerance: number, what: string) => {
    const off = Math.abs((a ?? 0) - (b ?? 0));
    if (!(off <= tolerance + 1e-9))
      throw new Error(`${what} is ${a} where ${b} is meant, and may be off by ${tolerance}`);
  };

  it('give the same BundleResults in whatever unit, as far as the registers can say them', () => {
    let most = 0;
    fc.assert(
      fc.property(courses, eachInItsOwn, (course, encodings) => {
        const exact = toldOf(make(course, INCH), INCH) as unknown as Result[];
        const sent = toldOf(make(course, encodings), encodings) as unknown as Result[];
        const step = (alias: LengthAlias) => stepOf(encodingOf(encodings, alias));
        const coarsest = Math.max(...LENGTHS.map(step));
        most = Math.max(most, coarsest);
        expect(sent.map(beside)).toEqual(exact.map(beside));
        exact.forEach((right, place) => {
          const result = sent[place]!;
          const n = right.BundleNumber - 1;
          const close = (member: string, steps: number) =>
            within(result[member] as number, right[member] as number, steps + ROUNDED, `${member} of ${n}`);
          close('GoodIn', step('good'));
          close('ProducedLengthIn', step('good'));
          close('ScrapIn', step('scrap'));
          close('ConsumedLengthIn', step('good') + step('scrap') + step('reclaimed'));
          close('ShortestLengthIn', step('pieceLength') / 2);
          close('LongestLengthIn', step('pieceLength') / 2);
          for (const [i, { LengthIn }] of right.Items.entries())
            within(result.Items[i]!.LengthIn, LengthIn, step('itemLength') / 2 + ROUNDED, `item ${i} of ${n}`);
          // A coil may be on the line several times, and codes may be given several times: each begins and ends in a step.
          const times = course[n]!.length + 1;
          for (const [i, { ConsumedLengthIn }] of right.CoilsUsed.entries())
            within(
              result.CoilsUsed[i]!.ConsumedLengthIn,
              ConsumedLengthIn,
              times * (step('good') + step('scrap')) + ROUNDED,
              `coil ${i} of ${n}`,
            );
          for (const reason of Object.keys({ ...right.ScrapInByReason, ...result.ScrapInByReason }))
            within(
              result.ScrapInByReason[reason],
              right.ScrapInByReason[reason],
              times * step('scrap') + ROUNDED,
              `scrap of ${reason} of ${n}`,
            );
        });
      }),
      { numRuns: Number(process.env['HISTORIES'] ?? 80) },
    );
    expect(most).toBeGreaterThan(0.1);
  });

  it('are what was made, and agree with their sums as far as rounding goes', () => {
    fc.assert(
      fc.property(courses, eachInItsOwn, (course, encodings) => {
        const line = make(course, encodings);
        const step = (alias: LengthAlias) => stepOf(encodingOf(encodings, alias));
        for (const result of toldOf(line, encodings) as unknown as Result[]) {
          const made = line.bundles[result.BundleNumber - 1]!;
          within(result.GoodIn, made.good, step('good') + ROUNDED, 'GoodIn');
          within(result.ScrapIn, made.scrap, step('scrap') + ROUNDED, 'ScrapIn');
          // Each of so many numbers is off by half of its last place, and their sum too.
          const rounded = (parts: number) => ((parts + 1) * ROUNDED) / 2;
          const { GoodIn, ScrapIn, ReclaimedIn, ConsumedLengthIn, CoilsUsed, ScrapInByReason, DelayMinByReason } =
            result;
          within(GoodIn + ScrapIn + ReclaimedIn, ConsumedLengthIn, rounded(3), 'the sum of lengths');
          const reasons = Object.values(ScrapInByReason);
          within(total(reasons), ScrapIn, rounded(reasons.length), 'the sum of reasons');
          const delays = Object.values(DelayMinByReason);
          within(total(delays), result['DelayMinutes'] as number, rounded(delays.length), 'the sum of delays');
          for (const member of ['GoodIn', 'ScrapIn', 'ConsumedLengthIn'] as const)
            within(
              total(CoilsUsed.map((coil) => coil[member])),
              result[member],
              rounded(CoilsUsed.length),
              `the sum of ${member} of coils`,
            );
          expect(result.integrity).toMatchObject({ violations: [], counters: [] });
        }
      }),
      { numRuns: Number(process.env['HISTORIES'] ?? 80) },
    );
  });
});
