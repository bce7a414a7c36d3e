import fc from 'fast-check';
import { GapDetector, type GapStore, MemoryGapStore } from './gap-detector';
import { afterDelivery, emptyGapState, type GapState, gapsOf } from './gap-state';

const having = (state: GapState, sequences: readonly number[]): GapState =>
  sequences.reduce(
    (now, sequence, at) => afterDelivery(now, { sequence, previousId: `evt_${sequence - 1}` }, at).state,
    state,
  );

const numbersOf = (state: GapState): number[] =>
  gapsOf(state, 0, Number.NEGATIVE_INFINITY).flatMap(({ from, to }) =>
    Array.from({ length: to - from + 1 }, (_each, n) => from + n),
  );

const arrivals = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 120 });

describe('the state of an endpoint', () => {
  it('misses exactly what has not come below the highest, whatever the order and however often', () => {
    fc.assert(
      fc.property(arrivals, (sequences) => {
        const state = having(emptyGapState(1), sequences);
        const come = new Set(sequences);
        const highest = Math.max(0, ...sequences);
        const missing = Array.from({ length: highest }, (_each, n) => n + 1).filter((n) => !come.has(n));
        expect(numbersOf(state)).toEqual(missing);
        expect(state.next).toBe(highest + 1);
      }),
    );
  });

  it('keeps its gaps ascending and apart, and knows the last id of each', () => {
    fc.assert(
      fc.property(arrivals, (sequences) => {
        const { gaps } = having(emptyGapState(1), sequences);
        gaps.forEach((gap, at) => {
          expect(gap.from).toBeLessThanOrEqual(gap.to);
          expect(gap.lastId).toBe(`evt_${gap.to}`);
          const before = gaps[at - 1];
          if (before !== undefined) expect(gap.from).toBeGreaterThan(before.to + 1);
        });
      }),
    );
  });

  it('does not depend on the order', () => {
    const sets = arrivals.chain((sequences) =>
      fc.tuple(
        fc.constant(sequences),
        fc.shuffledSubarray(sequences, { minLength: sequences.length, maxLength: sequences.length }),
      ),
    );
    fc.assert(
      fc.property(sets, ([one, other]) => {
        expect(numbersOf(having(emptyGapState(1), other))).toEqual(numbersOf(having(emptyGapState(1), one)));
      }),
    );
  });

  it('says of each delivery what it was', () => {
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 50 }), (sequences, sequence) => {
        const state = having(emptyGapState(10), sequences);
        const highest = Math.max(9, ...sequences);
        const { arrival } = afterDelivery(state, { sequence }, 0);
        const expected =
          sequence < 10
            ? 'before'
            : sequences.includes(sequence)
              ? 'repeat'
              : sequence < highest
                ? 'filled'
                : sequence === highest + 1
                  ? 'next'
                  : 'ahead';
        expect(arrival).toBe(expected);
      }),
    );
  });

  it('comes back from JSON as it was', () => {
    fc.assert(
      fc.property(arrivals, (sequences) => {
        const state = having(emptyGapState(1), sequences);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
    );
  });

  it.each([null, 0, -1, 1.5, Number.NaN, 2 ** 53])('is not changed by the number %s', (sequence) => {
    const state = having(emptyGapState(1), [3]);
    expect(afterDelivery(state, { sequence }, 0)).toEqual({ state, arrival: 'unnumbered' });
  });

  it('stays small when a number is absurd', () => {
    const state = having(emptyGapState(1), [Number.MAX_SAFE_INTEGER]);
    expect(state.gaps).toHaveLength(1);
  });

  it('tells gaps by their age', () => {
    const state = afterDelivery(having(emptyGapState(1), [2]), { sequence: 4 }, 1_000).state;
    expect(gapsOf(state, 1_500, 500).map(({ from }) => from)).toEqual([1, 3]);
    expect(gapsOf(state, 1_499, 500).map(({ from }) => from)).toEqual([1]);
  });
});

describe('GapDetector', () => {
  it('says what is missing of each endpoint by itself', async () => {
    const gaps = new GapDetector({ now: () => 5 });
    expect(await gaps.record('ep_1', { sequence: 1 })).toBe('next');
    expect(await gaps.record('ep_1', { sequence: 4, previousId: 'evt_3' })).toBe('ahead');
    expect(await gaps.record('ep_1', { sequence: 2 })).toBe('filled');
    expect(await gaps.record('ep_1', { sequence: null })).toBe('unnumbered');
    expect(await gaps.missing('ep_1')).toEqual([{ from: 3, to: 3, lastId: 'evt_3', since: 5 }]);
    expect(await gaps.missing('ep_1', { olderThanMs: 1 })).toEqual([]);
    expect(await gaps.missing('ep_2')).toEqual([]);
  });

  it('begins with the first that comes, where it came late', async () => {
    const gaps = new GapDetector({ startAt: 'first-seen' });
    expect(await gaps.record('ep_1', { sequence: 812 })).toBe('next');
    expect(await gaps.record('ep_1', { sequence: 811 })).toBe('before');
    expect(await gaps.missing('ep_1')).toEqual([]);
  });

  it('loses nothing to deliveries that come at one moment', async () => {
    const gaps = new GapDetector();
    await Promise.all(Array.from({ length: 200 }, (_each, n) => gaps.record('ep_1', { sequence: 200 - n })));
    expect(await gaps.missing('ep_1')).toEqual([]);
  });

  it('goes on in another process from what its store kept, and may be asked to change twice', async () => {
    const kept = new Map<string, string>();
    const store = (): GapStore => ({
      read: async (key) => JSON.parse(kept.get(key) ?? 'null'),
      update: async (key, change) => {
        const state = JSON.parse(kept.get(key) ?? 'null');
        change(state);
        kept.set(key, JSON.stringify(change(state)));
      },
    });
    await new GapDetector({ store: store() }).record('ep_1', { sequence: 2 });
    const later = new GapDetector({ store: store() });
    expect((await later.missing('ep_1')).map(({ from, to }) => [from, to])).toEqual([[1, 1]]);
    expect(await later.record('ep_1', { sequence: 1 })).toBe('filled');
    expect(await later.missing('ep_1')).toEqual([]);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses to start at %s', (startAt) => {
    expect(() => new GapDetector({ store: new MemoryGapStore(), startAt })).toThrow('startAt must be a whole number');
  });
});
