import type { Signal } from '../signal/signal';
import { foldUnder, lifecycle, signal, tick } from '../signal/signals.fixture';
import { counter, edge, expression, mappingOf, run, says, stateMap } from './mapping.fixture';
import { presentRun } from './run-rule';

const count = (ms: number, n: number, path = 'count') => signal(ms, path, n, { type: 'int64' });
const state = (ms: number, word: string) => signal(ms, 'state', word);
const play = (
  over: Parameters<typeof run>[0],
  signals: readonly Signal[],
  counting: Parameters<typeof counter>[0] = {},
) => {
  const mapping = mappingOf({
    signals: { state: {}, count: { type: 'int64' }, scrap: { type: 'int64' }, program: { type: 'string' } },
    rules: [
      stateMap({ emit: null }),
      counter({ emit: null, ...counting }),
      counter({ id: 'scrapped', input: 'scrap', emit: null }),
      edge({ id: 'never', input: 'program', on: 'changed', emit: null }),
      run({ program: 'program', ...over }),
    ],
  });
  return foldUnder(mapping, signals, { restart: true });
};

describe('runs (check 4)', () => {
  it('takes parts that come after the end, and counts resets between runs as such', () => {
    const { told } = play({}, [
      count(0, 40),
      state(0, 'RUN'),
      count(5_000, 42),
      state(9_000, 'HALT'),
      count(9_300, 43),
      tick(11_000),
      count(12_000, 0),
      state(13_000, 'RUN'),
      count(14_000, 2),
      state(15_000, 'HALT'),
      tick(17_000),
    ]);
    const runs = told.filter(({ type }) => type === 'production.run_completed');
    expect(runs.map(({ parts, partsBefore, partsAfter }) => [parts, partsBefore, partsAfter])).toEqual([
      [3, 40, 43],
      [2, 0, 2],
    ]);
    expect(told.filter(({ type }) => type === 'ingest.counter_reset')).toHaveLength(1);
  });

  it('is complete when its counter begins anew, be the next one running or not', () => {
    const { told } = play({}, [
      count(0, 2),
      state(0, 'RUN'),
      state(9_000, 'HALT'),
      count(9_100, 3),
      count(9_500, 0),
      state(9_600, 'RUN'),
      state(10_000, 'HALT'),
      count(10_100, 1),
      state(10_200, 'RUN'),
      count(10_500, 1),
      count(10_600, 0),
      count(10_700, 4),
      state(12_000, 'HALT'),
      tick(15_000),
    ]);
    const runs = told.filter(({ type }) => type === 'production.run_completed');
    expect(runs.map(({ parts, partsBefore, partsAfter }) => [parts, partsBefore, partsAfter])).toEqual([
      [1, 2, 3],
      [1, 0, 1],
      [4, 0, 4],
    ]);
  });

  it('is not complete when its counter wraps', () => {
    const { told } = play(
      {},
      [count(0, 65_534), state(0, 'RUN'), state(9_000, 'HALT'), count(9_100, 65_535), count(9_500, 0), tick(12_000)],
      { modulus: 65_536, onDecrease: 'rollover' },
    );
    expect(told).toMatchObject([{ parts: 2, partsBefore: 65_534, partsAfter: 0 }]);
  });

  it('tells each of several counters', () => {
    const { told } = play({ counters: ['parts', 'scrapped'] }, [
      count(0, 10),
      count(0, 1, 'scrap'),
      state(1_000, 'RUN'),
      count(2_000, 13),
      count(2_000, 2, 'scrap'),
      state(3_000, 'HALT'),
      tick(5_000),
    ]);
    expect(told).toMatchObject([{ parts: 3, counters: { parts: 3, scrapped: 1 } }]);
  });

  it('begins and ends by any expression', () => {
    const start = expression(['program'], (read, { before }) => read('program') !== before.value('program'));
    const { told } = play({ start, end: says('state', 'DOWN') }, [
      state(0, 'RUN'),
      signal(1_000, 'program', 'P1'),
      state(2_000, 'HALT'),
      state(3_000, 'DOWN'),
      tick(5_000),
    ]);
    expect(told).toMatchObject([{ program: 'P1', durationSeconds: 2, endedBy: 'DOWN' }]);
  });

  it('follows a status that only time has told', () => {
    const mapping = mappingOf({
      signals: { state: {} },
      rules: [stateMap({ debounceMs: 1_000, emit: null }), run({ counters: [] })],
    });
    const { told } = foldUnder(mapping, [state(0, 'RUN'), tick(1_000), state(5_000, 'HALT'), tick(6_000), tick(8_000)]);
    expect(told).toMatchObject([{ type: 'production.run_completed', parts: null }]);
  });

  it('is uncertain when the machine was out of sight, or when nothing ended it for a day', () => {
    const outage = play({}, [
      state(0, 'RUN'),
      lifecycle(1_000, 'disconnected'),
      lifecycle(2_000, 'connected'),
      state(2_000, 'RUN'),
      state(3_000, 'HALT'),
      tick(5_000),
    ]);
    expect(outage.told).toMatchObject([{ quality: 'uncertain', durationSeconds: 3 }]);
    const endless = play({}, [state(0, 'RUN'), tick(86_400_000)]);
    expect(endless.told).toMatchObject([{ quality: 'uncertain', endedBy: 'open_too_long' }]);
  });

  it('shows the present run with its parts so far', () => {
    const { state: open } = play({}, [count(0, 10), state(1_000, 'RUN'), count(2_000, 12)]);
    expect(presentRun(open)).toMatchObject({ parts: 2, run: { partsBefore: 10, program: null } });
    const { state: late } = play({}, [state(1_000, 'RUN'), count(2_000, 12), count(3_000, 13)]);
    expect(presentRun(late)).toMatchObject({ parts: 1, run: { partsBefore: 12 } });
  });
});
