import fc from 'fast-check';
import { counter, mappingOf, run, stateMap, threshold } from '../machine-rules/mapping.fixture';
import type { Signal } from './signal';
import { fold, foldUnder, machineUnder, START, signal, tick } from './signals.fixture';

const HOURS = 3_600_000;
/** Received `ms` after the start, stamped by a clock that is `off`. */
const off = (ms: number, skew: number, path: string, value: Signal['value'], over: Partial<Signal> = {}) =>
  signal(ms, path, value, { sourceTs: new Date(START + ms + skew).toISOString(), ...over });

describe('clocks (checks 3 and 15)', () => {
  it('that jump ahead and back are told once each time, and nothing is dated by them', () => {
    const { events, told, state } = fold([
      off(0, 0, 'execution', 'READY'),
      off(1_000, 3 * HOURS, 'execution', 'ACTIVE'),
      off(2_000, 3 * HOURS, 'part_count', '1'),
      off(3_000, -3 * HOURS, 'part_count', '2'),
      off(4_000, 0, 'part_count', '3'),
      off(5_000, -3 * HOURS, 'execution', 'READY'),
      off(9_000, 0, 'part_count', '4'),
    ]);
    expect(told.map(({ type }) => type)).toEqual([
      'machine.status_changed',
      'ingest.clock_suspect',
      'machine.status_changed',
      'ingest.clock_suspect',
      'machine.status_changed',
      'production.run_completed',
    ]);
    expect(told.map(({ clockSuspect }) => clockSuspect ?? false)).toEqual([false, true, true, true, true, true]);
    for (const { time } of events) expect(Date.parse(time)).toBeLessThanOrEqual(START + 9_000);
    expect(told.find(({ type }) => type === 'production.run_completed')).toMatchObject({
      durationSeconds: 4,
      parts: 2,
    });
    expect(state.counts.clockSuspect).toBe(4);
  });

  it('are each told of on their own, so that a good one beside a wrong one makes no noise', () => {
    const { told } = fold(
      [0, 1, 2, 3].map((n) => off(n, n % 2 === 0 ? 0 : HOURS, 'x', n, { clock: n % 2 === 0 ? 'adapter' : 'agent' })),
    );
    expect(told.filter(({ type }) => type === 'ingest.clock_suspect')).toMatchObject([{ clock: 'agent' }]);
  });

  it('may be as wrong as the mapping of their source allows', () => {
    const mapping = mappingOf({ sources: { line: { maxSkewMs: 1_000 } }, signals: { state: {} }, rules: [stateMap()] });
    const { events } = foldUnder(mapping, [off(0, 900, 'state', 'RUN'), off(5_000, 1_100, 'state', 'HALT')]);
    expect(events.map(({ type, time }) => [type, Date.parse(time) - START])).toEqual([
      ['machine.status_changed', 900],
      ['ingest.clock_suspect', 5_000],
      ['machine.status_changed', 5_000],
    ]);
  });

  it('are no history where they were never set, but an old stamp is', () => {
    const mapping = mappingOf({
      sources: { line: { maxBacklogMs: HOURS } },
      signals: { state: {} },
      rules: [stateMap()],
    });
    const { told, state } = foldUnder(mapping, [
      signal(0, 'state', 'RUN', { sourceTs: '1970-01-01T00:00:00Z' }),
      off(1_000, -2 * HOURS, 'state', 'HALT'),
      off(2_000, 0, 'state', 'WAIT', { flags: ['historical'] }),
      off(3_000, 0, 'state', 'WAIT', { flags: ['late'] }),
    ]);
    expect(told.map(({ type, current }) => current ?? type)).toEqual(['ingest.clock_suspect', 'running']);
    expect(state.counts).toMatchObject({ historical: 2, late: 1 });
  });

  it('are not wrong where a snapshot says what has been so for hours; it is dated when it was received', () => {
    const mapping = mappingOf({
      sources: { line: { maxBacklogMs: HOURS } },
      signals: { state: {} },
      rules: [stateMap()],
    });
    const snapshot = { flags: ['snapshot'] } as const;
    const { events, told, state } = foldUnder(mapping, [
      off(0, -7 * HOURS, 'state', 'RUN', snapshot),
      off(1_000, 0, 'state', 'HALT'),
      // Ahead of us, or never set, is wrong in a snapshot too; a value that was always so does not make it right again.
      off(2_000, HOURS, 'state', 'RUN', snapshot),
      off(3_000, -HOURS, 'state', 'RUN', snapshot),
      signal(4_000, 'state', 'RUN', { sourceTs: '1970-01-01T00:00:00Z', ...snapshot }),
    ]);
    expect(told.map(({ type, current }) => current ?? type)).toEqual([
      'running',
      'idle',
      'ingest.clock_suspect',
      'running',
    ]);
    expect(Date.parse(events[0]!.time)).toBe(START);
    expect(told[0]!.clockSuspect ?? false).toBe(false);
    expect(state.counts).toMatchObject({ clockSuspect: 2, historical: 0 });
  });

  it('two of one machine: arrival decides, and no duration is negative', () => {
    // An agent stamps UNAVAILABLE 21.8 s before values that the adapter sent earlier.
    const { told } = fold([
      off(0, 0, 'execution', 'ACTIVE'),
      off(30_000, 0, 'execution', 'READY'),
      off(30_100, -21_800, 'execution', null, { quality: 'stale', qualityCode: 'mtc:UNAVAILABLE', clock: 'agent' }),
      off(40_000, 0, 'execution', 'ACTIVE'),
    ]);
    const changes = told.filter(({ type }) => type === 'machine.status_changed');
    expect(changes.map(({ current, previousSeconds }) => [current, previousSeconds])).toEqual([
      ['running', null],
      ['idle', 30],
      ['offline', 0.1],
      ['running', 9.9],
    ]);
  });

  it('whatever they say, no rule tells a negative duration, and nothing lies further ahead than is believed', () => {
    const mapping = mappingOf({
      sources: { line: { maxSkewMs: 60_000 } },
      signals: { state: {}, temp: { type: 'double' }, count: { type: 'int64' } },
      rules: [
        stateMap({ debounceMs: 700, recoverAfterMs: 900, transitional: ['WAIT'], transitionalMs: 2_000 }),
        threshold({ onDelayMs: 400, offDelayMs: 300 }),
        counter(),
        run({ settleMs: 500, maxOpenMs: 30_000 }),
      ],
    });
    const rows = fc.array(
      fc.record({
        said: fc.oneof(
          fc.constantFrom('RUN', 'HALT', 'WAIT', 'OFF', null).map((value) => ['state', value] as const),
          fc.constantFrom(70, 78, 90, null).map((value) => ['temp', value] as const),
          fc.nat({ max: 20 }).map((value) => ['count', value] as const),
        ),
        gap: fc.nat({ max: 1_500 }),
        skew: fc.oneof(fc.constant(0), fc.integer({ min: -90_000, max: 90_000 })),
        clock: fc.constantFrom('adapter', 'agent'),
      }),
      { maxLength: 60, size: 'max' },
    );
    fc.assert(
      fc.property(rows, (log) => {
        let ms = 0;
        const signals = log.map(({ said: [path, value], gap, skew, clock }) => {
          ms += gap;
          return off(ms, skew, path, value, { clock, type: path === 'state' ? 'string' : 'double' });
        });
        const { told, events } = foldUnder(mapping, [...signals, tick(ms + 60_000)]);
        for (const { previousSeconds, durationSeconds, delta } of told)
          for (const amount of [previousSeconds, durationSeconds, delta]) expect(amount ?? 0).toBeGreaterThanOrEqual(0);
        for (const { time } of events) expect(Date.parse(time)).toBeLessThanOrEqual(START + ms + 60_000 + 60_000);
      }),
      { numRuns: 150 },
    );
  });

  it('never bring time back', () => {
    const at = (ms: number) =>
      fold([signal(5_000, 'x', 1), signal(ms, 'x', 2)], machineUnder(mappingOf({})), 0, [mappingOf({})]).state.at -
      START;
    expect([at(1_000), at(9_000)]).toEqual([5_000, 9_000]);
  });
});
