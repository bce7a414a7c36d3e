import { foldSignal, type LostMapping, MappingLost, MappingMissing } from '../signal/fold-signal';
import type { MachineState } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import { condition, configured, fold, machineUnder, signal, tick } from '../signal/signals.fixture';
import { heldOf } from './held-value';
import { conditionRuleOf, counter, mappingOf, run, stateMap, threshold } from './mapping.fixture';

const signals = { state: {}, count: { type: 'int64' }, temp: { type: 'double' } } as const;
const rules = [stateMap(), counter({ emit: null }), run()];
const v1 = mappingOf({ hash: '1'.repeat(64), signals, rules: [...rules, threshold(), conditionRuleOf()] });
const v2 = mappingOf({
  hash: '2'.repeat(64),
  version: 2,
  signals,
  rules: [...rules, conditionRuleOf({ id: 'alarms' })],
});
const known = [v1, v2];
const play = (log: readonly Signal[], from?: MachineState, first = 0) => fold(log, from, first, known);
const count = (ms: number, n: number) => signal(ms, 'count', n, { type: 'int64' });

describe('a $config record (check 20)', () => {
  const log = [
    configured(0, v1),
    signal(1, 'state', 'HALT'),
    count(2, 10),
    signal(1_000, 'state', 'RUN'),
    count(2_000, 12),
    configured(3_000, v2),
    count(4_000, 13),
    signal(5_000, 'state', 'HALT'),
    tick(7_000),
  ];

  it('lets rules of the same id and kind go on: a run that is open closes once, with all its parts', () => {
    const { told, state } = play(log);
    expect(told.filter(({ type }) => type === 'production.run_completed')).toMatchObject([
      { parts: 3, partsBefore: 10 },
    ]);
    expect(told.filter(({ type }) => type === 'machine.status_changed').map(({ current }) => current)).toEqual([
      'idle',
      'running',
      'idle',
    ]);
    expect(state.config).toEqual({ name: 'test', version: 2, hash: v2.hash });
  });

  it('gives the same events when all is played again, from the beginning and from anywhere', () => {
    const whole = play(log);
    expect(play(log).events).toEqual(whole.events);
    for (let cut = 0; cut <= log.length; cut++) {
      const first = play(log.slice(0, cut));
      const rest = play(log.slice(cut), JSON.parse(JSON.stringify(first.state)) as MachineState, cut);
      expect([...first.events, ...rest.events]).toEqual(whole.events);
    }
  });

  it('names what is missing when its mapping is not there, and folds nothing', () => {
    const v3 = mappingOf({ hash: '3'.repeat(64), version: 3 });
    expect(() => play([configured(0, v3)])).toThrow(MappingMissing);
    expect(() => fold([signal(0, 'state', 'RUN')], machineUnder(v3))).toThrow(
      /test version 3 \(3{64}\) of machine RF-1/,
    );
    const before = play(log.slice(0, 4)).state;
    expect(() => play([configured(9_000, v3)], before, 4)).toThrow(MappingMissing);
    expect(before.config?.version).toBe(1);
  });

  describe('whose mapping is lost', () => {
    const v3 = { ...v2, version: 3, hash: '3'.repeat(64) };
    const lostAs =
      (lost: LostMapping['lost']) =>
      (hash: string): ReturnType<Parameters<typeof foldSignal>[3]> =>
        known.find((mapping) => mapping.hash === hash) ?? { lost, detail: 'Nobody has it.' };
    const goOn = (log: readonly Signal[], lost: LostMapping['lost'], from: MachineState, first: number) =>
      log.reduce(
        ({ state, told }, one, n) => {
          const folded = foldSignal(state, one, { partition: 3, offset: BigInt(first + n) }, lostAs(lost));
          const data = folded.events.map((event) => ({ type: event.type, ...JSON.parse(event.data) }));
          return { state: folded.state, told: [...told, ...data] };
        },
        { state: from, told: [] as { [member: string]: unknown }[] },
      );
    const running = play(log.slice(0, 5)).state;

    it('folds nothing by one that cannot be read, and hands over to the next that can', () => {
      const { state, told } = goOn([configured(3_000, v3)], 'mapping_unreadable', running, 5);
      expect(told).toEqual([]);
      expect(state.config?.version).toBe(3);
      expect(() => goOn([count(3_500, 13)], 'mapping_unreadable', state, 6)).toThrow(MappingLost);
      expect(() => goOn([count(3_500, 13)], 'mapping_unreadable', state, 6)).toThrow(
        /test version 3 \(3{64}\) of machine RF-1 cannot be used: Nobody has it\. Activate/,
      );
      const mended = [configured(4_000, v2), signal(4_500, 'state', 'HALT'), count(5_000, 14), tick(8_000)];
      const next = goOn(mended, 'mapping_unreadable', state, 7);
      expect(next.state.config?.version).toBe(2);
      // The run that was open closes once.
      expect(next.told.filter(({ type }) => type === 'production.run_completed')).toHaveLength(1);
    });

    it('leaves the one in force that was, where nobody knows it', () => {
      expect(() => goOn([configured(3_000, v3)], 'mapping_unknown', running, 5)).toThrow(MappingLost);
      expect(goOn([count(3_500, 13)], 'mapping_unknown', running, 6).state.config?.version).toBe(1);
    });

    it('is replaced also by the built-in one, which clears the alarms that nothing else would', () => {
      const alarmed = play([configured(0, v1), signal(1, 'temp', 90, { type: 'double' })]).state;
      const { state } = goOn([configured(2, v3)], 'mapping_unreadable', alarmed, 2);
      expect(Object.keys(state.alarms)).toEqual(Object.keys(alarmed.alarms));
      const { told, ...end } = goOn([configured(3, null)], 'mapping_unreadable', state, 3);
      expect(told.map(({ type, status, reason }) => [type, status, reason])).toEqual([
        ['machine.alarm', 'cleared', 'mapping_changed'],
      ]);
      expect(end.state).toMatchObject({ config: null, alarms: {} });
    });
  });

  it('goes back to the built-in mapping', () => {
    const { told, state } = play([configured(0, v1), configured(1, null), signal(2, 'execution', 'ACTIVE')]);
    expect(told).toMatchObject([{ type: 'machine.status_changed', current: 'running', reason: 'execution' }]);
    expect(state.config).toBeNull();
    const removed = signal(1, '$config', 'removed', { kind: 'lifecycle', sourceTs: null });
    expect(play([configured(0, v1), removed]).state.config).toBeNull();
  });

  it('clears the alarms of rules that are gone, and hands those of conditions to the next condition rule', () => {
    const { told, state } = play([
      configured(0, v1),
      signal(1, 'temp', 70, { type: 'double' }),
      signal(2, 'temp', 90, { type: 'double' }),
      condition(3, 'c', 'FAULT', '7'),
      configured(4, v2),
      condition(5, 'c', 'FAULT', '7'),
      condition(6, 'c', 'NORMAL', '7'),
    ]);
    expect(told.map(({ status, code, reason }) => [status, code, reason ?? null])).toEqual([
      ['raised', 'HYD-TEMP', null],
      ['raised', '7', null],
      ['cleared', 'HYD-TEMP', 'mapping_changed'],
      ['cleared', '7', null],
    ]);
    expect(state.alarms).toEqual({});
  });

  it('forgets values that the mappings read differently, and begins their counters anew', () => {
    const scaled = mappingOf({
      hash: '4'.repeat(64),
      signals: { ...signals, count: { type: 'int64', unit: 'm' } },
      rules,
    });
    const { told, state } = fold(
      [configured(0, v1), count(1, 1_000), configured(2, scaled), count(3, 3), count(4, 4)],
      undefined,
      0,
      [v1, scaled],
    );
    expect(told).toEqual([]);
    expect(state.rules['parts']).toMatchObject({ value: '4', total: '1' });
  });

  it('confirms a unit that has changed', () => {
    const temp = (ms: number, value: number, unit: string) => signal(ms, 'temp', value, { type: 'double', unit });
    const { state, told } = play([
      configured(0, v1),
      temp(1, 20, 'Cel'),
      temp(2, 68, '[degF]'),
      temp(3, 69, '[degF]'),
      configured(4, v2),
      temp(5, 70, '[degF]'),
    ]);
    expect(told.map(({ type }) => type)).toEqual(['ingest.unit_changed']);
    expect(heldOf(state, 'temp')).toMatchObject({ value: 70, known: true, unit: '[degF]' });
  });
});
