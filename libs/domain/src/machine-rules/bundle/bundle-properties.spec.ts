import fc from 'fast-check';
import { readRational, toNumber } from '../../unit/rational';
import { type BundleSlot, NEW_BUNDLE_SLOT } from './bundle-state';
import { playBundle } from './play-bundle.fixture';
import { type MadeBundle, RollformLine } from './rollform-line.fixture';
import { lineMapping, lineRule } from './rollform-mapping.fixture';

const rule = lineRule();
const mapping = lineMapping(rule);

type Happening = (line: RollformLine) => RollformLine;
const reason = fc.option(fc.integer({ min: 1, max: 5 }));

/** What happens on a line between the beginning and the end of a bundle. */
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map(
    (count): Happening =>
      (line) => {
        for (let n = 0; n < count; n++) line.wait(7_000).piece();
        return line;
      },
  ),
  fc.tuple(fc.integer({ min: 1, max: 40 }), reason).map(
    ([length, code]): Happening =>
      (line) =>
        line.wait(900).scrapped(length, code),
  ),
  fc.tuple(fc.integer({ min: 1, max: 600 }), reason).map(
    ([seconds, code]): Happening =>
      (line) => {
        line.halt().wait(seconds * 500);
        if (code !== null) line.say('delayReason', code);
        return line.wait(seconds * 500).run();
      },
  ),
  fc.integer({ min: 1, max: 9 }).map(
    (coil): Happening =>
      (line) =>
        line.wait(1_000).loadCoil(`C${coil}`),
  ),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.constantFrom(60, 96.25, 240, 361.125)).map(
    ([id, length]): Happening =>
      (line) =>
        line.wait(1_000).chooseItem(id * 1_000 + Math.floor(length), length, 25),
  ),
  fc.integer({ min: 100, max: 60_000 }).map(
    (ms): Happening =>
      (line) =>
        line.wait(ms),
  ),
);
const outage: fc.Arbitrary<Happening> = fc.array(happening, { maxLength: 4 }).map(
  (meanwhile): Happening =>
    (line) => {
      line.disconnect();
      for (const happens of meanwhile) happens(line);
      return line.wait(500).connect();
    },
);

/** The gateway goes and comes at any time, also over the end of a bundle. */
const comingAndGoing: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: happening },
  { weight: 1, arbitrary: fc.constant<Happening>((line) => line.wait(300).disconnect()) },
  { weight: 2, arbitrary: fc.constant<Happening>((line) => line.wait(300).connect()) },
);

interface Course {
  readonly happenings: readonly Happening[];
  readonly complete: boolean;
}
const courses = (each: fc.Arbitrary<Happening>): fc.Arbitrary<Course[]> =>
  fc.array(fc.record({ happenings: fc.array(each, { maxLength: 12 }), complete: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  });

const produce = (all: readonly Course[]): RollformLine => {
  const line = new RollformLine().connect().wait(5_000).loadCoil('C0').chooseItem(1, 120, 25).run();
  all.forEach(({ happenings, complete }, n) => {
    line.wait(1_000).loadBundle(100, n + 1);
    for (const happens of happenings) happens(line);
    line.wait(1_000);
    if (complete) line.complete();
  });
  return line
    .wait(1_000)
    .loadBundle(100, all.length + 1)
    .connect()
    .wait(3_000)
    .tick();
};

/** What is told: a bundle of which something was made, or of which the line says that it is complete. */
const toBeTold = (line: RollformLine): MadeBundle[] =>
  line.bundles.filter(({ good, scrap, completed }) => good + scrap > 0 || completed);

const numbersIn = (value: unknown): number[] =>
  typeof value === 'number'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(numbersIn)
      : [];

const runs = { numRuns: 80 };

describe('a line that keeps its books', () => {
  it('is told as it was: every bundle, its lengths, pieces, coils and times, and all sums agree', () => {
    fc.assert(
      fc.property(courses(happening), (all) => {
        const line = produce(all);
        const { told } = playBundle(mapping, line.signals);
        const truth = toBeTold(line);
        const first = told.filter(({ type }) => type === 'bundle.completed');
        expect(first.map(({ data }) => data['BundleCode'])).toEqual(truth.map(({ code }) => code));
        // A code that comes in the next bundle may explain scrap of the last one, and changes nothing else of it.
        for (const { data } of told) {
          const made = truth.find(({ code }) => code === data['BundleCode'])!;
          expect(data).toMatchObject({
            Complete: made.completed,
            GoodIn: made.good,
            ScrapIn: made.scrap,
            ConsumedLengthIn: made.good + made.scrap,
            TotalQty: [...made.items.values()].reduce((a, b) => a + b, 0),
            RunMinutes: Math.round(made.runMs / 60) / 1_000,
            DelayMinutes: Math.round(made.delayMs / 60) / 1_000,
            integrity: { gaps: [], counters: [], violations: [] },
          });
          const items = data['Items'] as Array<{ ItmId: number; QuantityDone: number }>;
          expect(new Map(items.map(({ ItmId, QuantityDone }) => [ItmId, QuantityDone]))).toEqual(made.items);
          const coils = data['CoilsUsed'] as Array<{ CoilSerialNumber: string; ConsumedLengthIn: number }>;
          expect(new Map(coils.map((coil) => [coil.CoilSerialNumber, coil.ConsumedLengthIn]))).toEqual(made.coils);
          expect(numbersIn(data).every((number) => number >= 0)).toBe(true);
        }
      }),
      runs,
    );
  });

  it('is the same however often the fold is restarted', () => {
    fc.assert(
      fc.property(courses(fc.oneof(comingAndGoing, outage)), (all) => {
        const { signals } = produce(all);
        const through = playBundle(mapping, signals);
        expect(playBundle(mapping, signals, { restart: true })).toEqual(through);
        expect(JSON.parse(JSON.stringify(through.state))).toEqual(through.state);
      }),
      { numRuns: 30 },
    );
  });

  it('has all that the counters moved in a bundle or in none, over outages too, and tells no negative number', () => {
    fc.assert(
      fc.property(courses(comingAndGoing), (all) => {
        const line = produce(all);
        const { told, state } = playBundle(mapping, line.signals);
        const slot = (state.rules[rule.id] ?? NEW_BUNDLE_SLOT) as BundleSlot;
        const last = new Map(told.map(({ data }) => [data['BundleCode'], data]));
        const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
        const exact = (text: string | undefined) => toNumber(readRational(text ?? '0'));
        for (const [which, member] of [
          ['good', 'GoodIn'],
          ['scrap', 'ScrapIn'],
        ] as const) {
          const inBundles = sum([...last.values()].map((data) => data[member] as number));
          const elsewhere = exact(slot.unbundled[which]) + exact(slot.open?.lengths[which]);
          expect(inBundles + elsewhere).toBeCloseTo(sum(line.bundles.map((made) => made[which])), 6);
        }
        for (const { data } of told) {
          expect(numbersIn(data).every((number) => number >= 0)).toBe(true);
          const reasons = data['DelayMinByReason'] as { [reason: string]: number };
          expect(sum(Object.values(reasons))).toBeCloseTo(data['DelayMinutes'] as number, 1);
          expect(sum(Object.values(data['ScrapInByReason'] as object))).toBeCloseTo(data['ScrapIn'] as number, 2);
          const { violations } = data['integrity'] as { violations: Array<{ check: string }> };
          expect(violations.filter(({ check }) => check !== 'coils' && check !== 'items')).toEqual([]);
        }
      }),
      runs,
    );
  });
});
