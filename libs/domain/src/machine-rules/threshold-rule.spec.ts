import type { Signal } from '../signal/signal';
import { condition, foldUnder, lifecycle, signal, tick } from '../signal/signals.fixture';
import { mappingOf, threshold } from './mapping.fixture';

const temp = (ms: number, value: Signal['value'], over: Partial<Signal> = {}) =>
  signal(ms, 'temp', value, { type: 'double', ...over });
const snapshot = { flags: ['snapshot'] } as const;

const alarms = (rule: Parameters<typeof threshold>[0], signals: readonly Signal[]) => {
  const mapping = mappingOf({ signals: { temp: { type: 'double', unit: 'Cel' } }, rules: [threshold(rule)] });
  const { told, state } = foldUnder(mapping, signals, { restart: true });
  return { told: told.map(({ status, since }) => `${status} ${(Date.parse(since) % 60_000) / 1000}`), state };
};

describe('threshold', () => {
  it.each<[string, Parameters<typeof threshold>[0], Signal[], string[]]>([
    [
      'raises above one limit and clears below the other',
      {},
      [temp(0, 79), temp(1_000, 80.5), temp(2_000, 76), temp(3_000, 81), temp(4_000, 74.9)],
      ['raised 1', 'cleared 4'],
    ],
    ['does not raise at the limit itself', {}, [temp(0, 70), temp(1_000, 80), temp(2_000, 80.000001)], ['raised 2']],
    [
      'raises below, where that is the bad side',
      { raiseAbove: null, clearBelow: null, raiseBelow: 10, clearAbove: 12 },
      [temp(0, 20), temp(1_000, 9), temp(2_000, 11), temp(3_000, 13)],
      ['raised 1', 'cleared 3'],
    ],
    [
      'waits for onDelay without a break, and dates the alarm when it began',
      { onDelayMs: 5_000 },
      [temp(0, 70), temp(1_000, 81), temp(4_000, 79), temp(5_000, 81), temp(9_999, 82), tick(10_000)],
      ['raised 5'],
    ],
    [
      'waits for offDelay without a break',
      { offDelayMs: 10_000 },
      [temp(0, 70), temp(1_000, 81), temp(2_000, 70), temp(5_000, 76), temp(6_000, 70), tick(15_999), tick(16_000)],
      ['raised 1', 'cleared 6'],
    ],
    [
      'stands still while nothing is known',
      { onDelayMs: 5_000 },
      [
        temp(0, 70),
        temp(1_000, 81),
        temp(3_000, null, { quality: 'bad' }),
        tick(30_000),
        temp(31_000, 81),
        tick(33_999),
        tick(34_000),
      ],
      ['raised 1'],
    ],
    [
      'a bad value is never 0',
      { raiseAbove: null, clearBelow: null, raiseBelow: 10, clearAbove: 12 },
      [temp(0, 20), temp(1, null), temp(2, 'NaN')],
      [],
    ],
    ['does not raise from a first snapshot', {}, [temp(0, 90, snapshot), temp(1_000, 90)], ['raised 1']],
    [
      'raises from a snapshot what was clear before the outage',
      {},
      [temp(0, 70), lifecycle(1_000, 'disconnected'), lifecycle(9_000, 'connected'), temp(9_000, 90, snapshot)],
      ['raised 9'],
    ],
  ])('%s', (_, rule, signals, expected) => {
    expect(alarms(rule, signals).told).toEqual(expected);
  });

  it('is stale in an outage, and the same alarm after it', () => {
    const before = [temp(0, 70), temp(1_000, 90), lifecycle(2_000, 'disconnected')];
    const out = alarms({}, before);
    expect(Object.values(out.state.alarms)).toMatchObject([{ stale: true, code: 'HYD-TEMP', item: 'temp' }]);
    const back = alarms({}, [...before, lifecycle(3_000, 'connected'), temp(3_000, 85, snapshot)]);
    expect(Object.values(back.state.alarms)).toMatchObject([
      { stale: false, id: Object.values(out.state.alarms)[0]!.id },
    ]);
    expect(back.told).toEqual(['raised 1']);
  });

  it('latched, clears when it is acknowledged and the value is good, in either order', () => {
    const acknowledge = (ms: number) => condition(ms, 'temp', 'FAULT', 'HYD-TEMP', '', 'acknowledged');
    const raised = [temp(0, 70), temp(1_000, 90)];
    expect(alarms({ latched: true }, [...raised, temp(2_000, 70), tick(9_000), acknowledge(10_000)]).told).toEqual([
      'raised 1',
      'acknowledged 10',
      'cleared 10',
    ]);
    expect(alarms({ latched: true }, [...raised, acknowledge(2_000), temp(3_000, 70)]).told).toEqual([
      'raised 1',
      'acknowledged 2',
      'cleared 3',
    ]);
  });
});
