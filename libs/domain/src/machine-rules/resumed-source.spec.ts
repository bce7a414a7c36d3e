import { readFileSync } from 'node:fs';
import {
  describeRecordings,
  recordingLines,
  recordingPath,
} from '../../../../apps/machine-ingest/src/test-support/recordings';
import { RESUMED_CODE, type Signal } from '../signal/signal';
import { foldUnder, lifecycle, signal, tick } from '../signal/signals.fixture';
import { lineMapping, lineRule } from './bundle/rollform-mapping.fixture';
import { type RecordedBundle, recordedLine } from './bundle/rollform-recording.fixture';
import { heldOf } from './held-value';
import { counter, edge, expr, expression, mappingOf, passthrough, stateMap, threshold } from './mapping.fixture';

const resumed = (ms: number, over: Partial<Signal> = {}): Signal =>
  lifecycle(ms, 'connected', { qualityCode: RESUMED_CODE, ...over });
const gone = (ms: number): Signal => lifecycle(ms, 'disconnected');
const of = (ms: number, path: string, value: Signal['value'], over: Partial<Signal> = {}) =>
  signal(ms, path, value, over);

const mapping = mappingOf({
  signals: {
    state: {},
    door: { type: 'bool' },
    temp: { type: 'double', unit: 'Cel' },
    count: { type: 'int64' },
    message: { type: 'json' },
    slow: { type: 'double', staleAfterMs: 10_000 },
  },
  rules: [
    expr({ id: 'both', value: expression(['temp', 'count'], (read) => Number(read('temp')) + Number(read('count'))) }),
    stateMap({ debounceLostMs: 60_000 }),
    edge({ emit: 'machine.alarm', alarm: { code: 'DOOR', severity: 'fault', text: '' } }),
    threshold(),
    counter(),
    passthrough({ key: null }),
  ],
});
const before = [
  of(0, 'state', 'RUN'),
  of(0, 'door', false),
  of(0, 'temp', 90, { unit: 'Cel' }),
  of(0, 'count', 5),
  of(0, 'message', { n: 0 }),
  of(0, 'slow', 1),
];
const play = (after: readonly Signal[]) => {
  const { told, state } = foldUnder(mapping, [...before, ...after], { restart: true });
  return { told: told.slice(foldUnder(mapping, before).told.length), state };
};
const known = (state: ReturnType<typeof play>['state']) =>
  Object.fromEntries(
    Object.keys(mapping.signals).map((alias) => {
      const held = heldOf(state, alias)!;
      return [alias, [held.known, held.value, held.quality]];
    }),
  );

describe('a source that comes back and has missed nothing', () => {
  it('knows again what it knew, and tells nothing of it', () => {
    const { told, state } = play([gone(1_000), resumed(5_000)]);
    expect(told).toEqual([]);
    expect(known(state)).toEqual(known(play([]).state));
    expect(state.status).toMatchObject({ current: 'running', quality: 'good' });
    expect(Object.values(state.alarms).map(({ stale }) => stale)).toEqual([false]);
  });

  it('tells what was said meanwhile as what happened', () => {
    const { told } = play([
      gone(1_000),
      resumed(5_000),
      of(2_000, 'door', true, { at: new Date(Date.parse(signal(5_000, '', 0).at)).toISOString() }),
      of(5_000, 'count', 8),
      of(5_000, 'message', { n: 1 }),
      of(5_000, 'temp', 20, { unit: 'Cel' }),
    ]);
    expect(told).toMatchObject([
      { type: 'machine.alarm', status: 'raised', code: 'DOOR' },
      { type: 'production.counted', delta: 3 },
      { n: 1 },
      { type: 'machine.alarm', status: 'cleared' },
    ]);
  });

  it('is what it was, where it was away for longer than the mapping waits', () => {
    const { told } = play([gone(1_000), tick(61_000), resumed(90_000), tick(95_000)]);
    expect(told).toMatchObject([
      { type: 'machine.status_changed', current: 'offline', reason: 'connection_lost' },
      { type: 'machine.status_changed', previous: 'offline', current: 'running', sourceState: 'RUN' },
    ]);
  });

  it('does not know again what was bad before, or what the machine itself ended', () => {
    const bad = of(500, 'door', null, { quality: 'bad' });
    expect(known(play([bad, gone(1_000), resumed(2_000)]).state)['door']).toEqual([false, false, 'stale']);
    for (const ends of [[lifecycle(1_000, 'death')], [gone(900), lifecycle(1_000, 'death')]]) {
      const { state } = play([...ends, resumed(2_000)]);
      expect(Object.values(known(state)).every(([is]) => is === false)).toBe(true);
    }
    expect(Object.values(known(play([gone(900), gone(1_000), resumed(2_000)]).state)).every(([is]) => is)).toBe(true);
  });

  it('knows nothing of what is another source’s, and of one that does not say so', () => {
    for (const other of [resumed(2_000, { source: 'another' }), lifecycle(2_000, 'connected')])
      expect(Object.values(known(play([gone(1_000), other]).state)).every(([is]) => is === false)).toBe(true);
  });

  it('knows nothing again after an outage in which something was missed, whatever is said of the next one', () => {
    const gap = signal(2_000, '$gap', { from: null, to: null, lost: null }, { kind: 'lifecycle', type: 'json' });
    for (const missed of [
      [lifecycle(2_000, 'connected')],
      [resumed(2_000), gone(2_000), gap],
      [lifecycle(2_000, 'birth')],
    ]) {
      const { state } = play([gone(1_000), ...missed, of(2_500, 'door', true), gone(3_000), resumed(4_000)]);
      expect(known(state)).toMatchObject({ state: [false, 'RUN', 'stale'], door: [true, true, 'good'] });
    }
  });

  it('counts the time in which nobody renewed a value', () => {
    const { state } = play([gone(1_000), resumed(15_000), tick(15_001)]);
    expect(known(state)['slow']).toEqual([false, 1, 'stale']);
    expect(known(state)['door']).toEqual([true, false, 'good']);
  });

  it('and a message is none of the values that a return restates, unless it says so of itself', () => {
    const again = (over: Partial<Signal>) =>
      play([gone(1_000), lifecycle(2_000, 'connected'), of(3_000, 'message', { n: 1 }, over)]).told;
    expect(again({})).toMatchObject([{ n: 1 }]);
    expect(again({ flags: ['snapshot'] })).toEqual([]);
  });
});

describeRecordings('the roll-forming recording over a connection that breaks after every signal', () => {
  const signals = recordedLine(recordingLines('rollform-synthetic', 'base.ndjson'));
  const { bundle } = JSON.parse(
    readFileSync(recordingPath('rollform-synthetic', 'expected.json'), 'utf8'),
  ) as RecordedBundle;
  const word = (one: Signal, at: string, value: string, qualityCode: string | null): Signal => ({
    ...one,
    path: '$lifecycle',
    kind: 'lifecycle',
    value,
    unit: null,
    seq: null,
    sourceTs: null,
    receiveTs: at,
    at,
    qualityCode,
    flags: [],
  });

  it('gives the same bundle, without a gap', () => {
    const broken = signals.flatMap((one, n) => {
      if (one.flags.includes('snapshot')) return [one];
      // A bundle whose settle window ends while the source is away tells of that: nobody knew then what was to come.
      const until = new Date(
        Math.min(Date.parse(signals[n + 1]?.at ?? one.at), Date.parse(one.at) + 1_000),
      ).toISOString();
      return [one, word(one, one.at, 'disconnected', null), word(one, until, 'connected', RESUMED_CODE)];
    });
    const plain = foldUnder(lineMapping(lineRule()), signals).told.filter(({ type }) => type.startsWith('bundle.'));
    const { type, integrity, ...result } = foldUnder(lineMapping(lineRule()), broken).told.find(({ type: told }) =>
      told.startsWith('bundle.'),
    )!;
    expect(JSON.stringify(result)).toBe(JSON.stringify(bundle));
    expect([{ type, integrity, ...result }]).toEqual(plain);
  });
});
