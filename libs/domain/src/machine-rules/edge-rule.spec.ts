import type { Signal } from '../signal/signal';
import { condition, foldUnder, lifecycle, signal, tick } from '../signal/signals.fixture';
import { ExpressionFailed } from './expression';
import { aliasValue, edge, expr, expression, mappingOf, says, stateMap } from './mapping.fixture';

const door = (ms: number, value: Signal['value'], over: Partial<Signal> = {}) =>
  signal(ms, 'door', value, { type: 'bool', ...over });
const play = (rule: Parameters<typeof edge>[0], signals: readonly Signal[], type: 'bool' | 'int64' | null = 'bool') =>
  foldUnder(
    mappingOf({ signals: { door: { type }, state: {} }, rules: [stateMap({ emit: null }), edge(rule)] }),
    signals,
    { restart: true },
  );

describe('edge', () => {
  it.each<[string, Parameters<typeof edge>[0], Signal[], number[]]>([
    ['rising', {}, [door(0, false), door(1, true), door(2, true), door(3, false), door(4, true)], [1, 4]],
    ['falling', { on: 'falling' }, [door(0, true), door(1, false), door(2, false)], [1]],
    ['changed', { on: 'changed' }, [door(0, true), door(1, false), door(2, true), door(3, true)], [1, 2]],
    ['numbers stand for bits', {}, [door(0, 0), door(1, 1), door(2, '0'), door(3, 'true')], [1, 3]],
    ['the first value is no edge', {}, [door(0, true)], []],
    ['a snapshot is no edge', {}, [door(0, false), door(1, true, { flags: ['snapshot'] }), door(2, true)], []],
    [
      'what comes first after a loss is a snapshot, whatever it says of itself',
      {},
      [
        door(0, false),
        lifecycle(1, 'disconnected'),
        lifecycle(2, 'connected'),
        door(3, true),
        door(4, false),
        door(5, true),
      ],
      [5],
    ],
    ['bad in between hides no edge', {}, [door(0, false), door(1, null, { quality: 'bad' }), door(2, true)], [2]],
    ['bad is no false', { on: 'falling' }, [door(0, true), door(1, null, { quality: 'bad' }), door(2, true)], []],
  ])('%s', (_, rule, signals, expected) => {
    const { told } = play(rule, signals);
    expect(told.map(({ since }) => Date.parse(since) % 60_000)).toEqual(expected);
  });

  it('asks when, and is frozen where that fails', () => {
    const signals = [
      door(0, false),
      door(1, true),
      door(2, false),
      signal(3, 'state', 'RUN'),
      door(4, true),
      door(5, false),
      signal(6, 'state', 'HALT'),
      door(7, true),
    ];
    const { told, state } = play({ when: says('state', 'RUN') }, signals);
    expect(told).toHaveLength(1);
    expect(state.counts.expressionFailed).toBe(1);
  });

  it('tells with the data that its expressions give, null where one fails', () => {
    const { told } = play(
      {
        data: {
          state: aliasValue('state'),
          boom: expression([], () => {
            throw new ExpressionFailed('no');
          }),
        },
      },
      [signal(0, 'state', 'RUN'), door(1, false), door(2, true, { flags: ['overflow'] })],
    );
    expect(told).toMatchObject([
      {
        type: 'machine.door_opened',
        item: 'door',
        value: true,
        previous: false,
        state: 'RUN',
        boom: null,
        quality: 'uncertain',
      },
    ]);
  });

  it('tells of an alarm that the other edge clears, whatever when says by then', () => {
    const rule = {
      emit: 'machine.alarm',
      alarm: { code: 'DOOR', severity: 'warning', text: 'door open while running' },
      when: says('state', 'RUN'),
    } as const;
    const { told, state } = play(rule, [
      signal(0, 'state', 'RUN'),
      door(1, false),
      door(2, true),
      signal(3, 'state', 'HALT'),
      condition(4, 'door', 'WARNING', 'DOOR', '', 'acknowledged'),
      door(5, false),
    ]);
    expect(told.map(({ status, code }) => [status, code])).toEqual([
      ['raised', 'DOOR'],
      ['acknowledged', 'DOOR'],
      ['cleared', 'DOOR'],
    ]);
    expect(state.alarms).toEqual({});
  });

  it('an alarm is heard of again after a loss, and ends with what it tells of, whoever saw that', () => {
    const rule = { emit: 'machine.alarm', alarm: { code: 'DOOR', severity: 'warning', text: 'door open' } } as const;
    const loss = (ms: number) => [lifecycle(ms, 'disconnected'), lifecycle(ms + 1, 'connected')];
    const open = [door(0, false), door(1, true), ...loss(2), door(4, true, { flags: ['snapshot'] })];
    const before = play(rule, open);
    expect(before.told.map(({ status }) => status)).toEqual(['raised']);
    expect(Object.values(before.state.alarms)).toMatchObject([{ stale: false }]);
    const { told, state } = play(rule, [
      ...open,
      ...loss(5),
      door(7, false, { flags: ['snapshot'] }),
      door(8, true),
      door(9, false),
    ]);
    expect(told.map(({ status }) => status)).toEqual(['raised', 'cleared', 'raised', 'cleared']);
    expect(state.alarms).toEqual({});
  });

  describe('over what is computed', () => {
    const alarm = { code: 'HOT', severity: 'warning', text: 'too hot' } as const;
    const warn = edge({ id: 'warn', input: 'hot', emit: 'machine.alarm', alarm });
    const n = (ms: number, path: string, value: number, source: string) =>
      signal(ms, path, value, { type: 'double', source });

    it('an alarm that the value of one source raises, that of another clears', () => {
      const hot = expression(['oil', 'limit'], (read) => Number(read('oil')) > Number(read('limit')));
      const signals = { oil: { type: 'double' }, limit: { type: 'double' } } as const;
      const { told, state } = foldUnder(
        mappingOf({ signals, rules: [expr({ id: 'hot', value: hot }), warn] }),
        [n(0, 'limit', 80, 'recipe'), n(1, 'oil', 70, 'line'), n(2, 'oil', 90, 'line'), n(3, 'limit', 95, 'recipe')],
        { restart: true },
      );
      expect(told.map(({ status }) => status)).toEqual(['raised', 'cleared']);
      expect(state.alarms).toEqual({});
    });

    it('an alarm that time brings about, in the silence of its source, is of that source, which ends it', () => {
      const hot = expression(['oil'], (read, { now }) => now.status === 'running' && Number(read('oil')) > 80);
      const mapping = mappingOf({
        signals: { state: {}, oil: { type: 'double' } },
        rules: [stateMap({ emit: null, debounceMs: 2_000 }), expr({ id: 'hot', value: hot }), warn],
      });
      const line = (ms: number, path: string, value: Signal['value']) =>
        signal(ms, path, value, { source: 'line', type: typeof value === 'number' ? 'double' : 'string' });
      const raised = [line(0, 'state', 'HALT'), line(3_000, 'oil', 90), line(4_000, 'state', 'RUN'), tick(6_000)];
      const before = foldUnder(mapping, raised, { restart: true });
      expect(before.told.map(({ status }) => status)).toEqual(['raised']);
      expect(Object.values(before.state.alarms)).toMatchObject([{ source: 'line' }]);
      const { told, state } = foldUnder(mapping, [...raised, line(7_000, 'oil', 70)], { restart: true });
      expect(told.map(({ status }) => status)).toEqual(['raised', 'cleared']);
      expect(state.alarms).toEqual({});
    });
  });
});
