import fc from 'fast-check';
import { counter, edge, mappingOf, stateMap } from '../machine-rules/mapping.fixture';
import { nextDue } from './fold-signal';
import { STATE_LIMITS } from './machine-state';
import type { Signal } from './signal';
import { fold, foldUnder, lifecycle, machineUnder, numbered, START, tick } from './signals.fixture';

const mapping = mappingOf({
  sources: { line: { reorder: { windowMs: 2_000, records: 5 } } },
  signals: { n: { type: 'int64' }, state: {} },
  rules: [stateMap(), edge({ id: 'seen', input: 'n', on: 'changed', emit: 'machine.seen' }), counter({ input: 'n' })],
});
/** The signal number `seq`, which says its own number. */
const n = (seq: number, ms: number, over: Partial<Signal> = {}) => numbered(seq, ms, 'n', seq, over);
const play = (signals: readonly Signal[]) => {
  const { told, state } = foldUnder(mapping, signals, { restart: true });
  return {
    seen: told
      .filter(({ type }) => type === 'machine.seen')
      .map(({ value, quality }) => (quality === 'good' ? value : -value)),
    state,
  };
};

describe('signals out of order', () => {
  it('go on in order when the hole is filled', () => {
    const { seen, state } = play([n(0, 0), n(2, 10), n(3, 20), n(1, 30), n(4, 40)]);
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(state.counts).toMatchObject({ gaps: 0, late: 0, duplicates: 0 });
  });

  it.each(['spb', 'mqtt', 'mtc', 'ua'] as const)('of %s are in order: holes of their numbers are none', (proto) => {
    const over = { raw: { proto, ref: '' } };
    const { seen, state } = play([n(0, 0, over), n(65_536, 10, over), n(65_537, 20, over), n(131_072, 30, over)]);
    expect(seen).toEqual([65_536, 65_537, 131_072]);
    expect(state.counts).toMatchObject({ gaps: 0, late: 0 });
  });

  it('go on without what is missing when the window is over; that is a gap, and what comes after is late', () => {
    const { seen, state } = play([n(0, 0), n(2, 10), n(3, 20), tick(2_009), tick(2_010), n(1, 3_000), n(4, 3_001)]);
    // The first after the gap says that samples are lost before it.
    expect(seen).toEqual([-2, 3, 4]);
    expect(state.counts).toMatchObject({ gaps: 1, lost: 1, late: 1 });
  });

  it('go on when too many are held', () => {
    const { seen, state } = play([n(0, 0), ...[2, 3, 4, 5, 6, 7].map((seq) => n(seq, seq))]);
    expect(seen).toEqual([-2, 3, 4, 5, 6, 7]);
    expect(state.counts).toMatchObject({ gaps: 1, lost: 1 });
  });

  it('go on when the source says what will never come', () => {
    const gap = numbered(
      4,
      50,
      '$gap',
      { from: 1, to: 2, lost: 2 },
      { kind: 'lifecycle', type: 'json', sourceTs: null },
    );
    const { seen, state } = play([n(0, 0), n(3, 10), { ...gap, seq: null }, n(4, 60)]);
    expect(seen).toEqual([-3, 4]);
    expect(state.counts).toMatchObject({ gaps: 1, lost: 2 });
  });

  it('go on before the word that their source is lost', () => {
    const { told } = foldUnder(mapping, [
      numbered(0, 0, 'state', 'HALT'),
      numbered(2, 10, 'state', 'RUN'),
      lifecycle(20, 'disconnected'),
    ]);
    expect(told.map(({ current }) => current)).toEqual(['idle', 'running', 'offline']);
  });

  it('ask for the time at which they go on, and give each of their events its own id', () => {
    const held = fold([n(0, 0), n(2, 10)], machineUnder(mapping), 0, [mapping]);
    expect(nextDue(held.state, mapping)).toBe(START + 2_010);
    const { events } = fold([n(0, 0), n(2, 10), n(3, 10), n(1, 20)], machineUnder(mapping), 0, [mapping]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events.length).toBeGreaterThan(3);
  });

  it('do not wait for those of another session, nor where the mapping does not ask for it', () => {
    const { seen } = play([n(0, 0), n(5, 1, { session: 'other' }), n(6, 2, { session: 'other' })]);
    expect(seen).toEqual([5, 6]);
    const plain = mappingOf({ ...mapping, sources: {}, signals: mapping.signals, rules: mapping.rules });
    const { told } = foldUnder(plain, [n(0, 0), n(2, 1), n(1, 2)]);
    expect(told.filter(({ type }) => type === 'machine.seen').map(({ value }) => value)).toEqual([2, 1]);
  });

  it('have the same effect as in order, with whatever repeats and swaps within the window', () => {
    const swaps = fc.array(fc.tuple(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 3 }), fc.boolean()), {
      maxLength: 20,
      size: 'max',
    });
    const line = Array.from({ length: 60 }, (_, seq) =>
      n(seq, 0, { value: (seq * 7) % 30, sourceTs: new Date(START + seq * 100).toISOString() }),
    );
    const arriving = (log: readonly Signal[]) =>
      log.map((one, place) => {
        const at = new Date(START + place * 50).toISOString();
        return { ...one, receiveTs: at, at };
      });
    const content = (log: readonly Signal[]) =>
      foldUnder(mapping, arriving(log), { restart: true }).events.map(
        ({ type, time, data }) => `${type} ${time} ${data}`,
      );
    const expected = content(line);
    expect(expected.length).toBeGreaterThan(80);
    fc.assert(
      fc.property(swaps, (moves) => {
        const log = [...line];
        for (const [place, far, repeat] of moves) {
          // The first of a session opens its window: what lies before it belongs to no session.
          const from = Math.max(1, Math.min(place, log.length - 1));
          const to = Math.min(from + far, log.length - 1);
          if (repeat) log.splice(to, 0, log[from]!);
          else [log[from], log[to]] = [log[to]!, log[from]!];
        }
        fc.pre(isWithin(log));
        expect(content(log)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('are held in a bounded space, however long they are', () => {
    const wide = mappingOf({
      ...mapping,
      sources: { line: { reorder: { windowMs: 1e9, records: 1e9 } } },
      signals: {},
      rules: [],
    });
    const long = 'x'.repeat(60_000);
    const log = Array.from({ length: 40 }, (_, k) =>
      Array.from({ length: 20 }, (_none, seq) => n(seq * 2, k, { path: 'long', value: long, session: `s${k}` })),
    ).flat();
    const { state } = foldUnder(wide, log);
    expect(JSON.stringify(state).length).toBeLessThan(2 * STATE_LIMITS.heldBytes);
    expect(Object.keys(state.reorder).length).toBeLessThanOrEqual(STATE_LIMITS.reorders);
  });
});

/** Whether no more than the window's records are ever ahead of one that is missing. */
const isWithin = (log: readonly Signal[]): boolean => {
  let next = 0;
  const ahead = new Set<number>();
  for (const { seq } of log) {
    ahead.add(seq!);
    while (ahead.delete(next)) next++;
    for (const one of ahead) if (one < next) ahead.delete(one);
    if (ahead.size > 5) return false;
  }
  return true;
};
