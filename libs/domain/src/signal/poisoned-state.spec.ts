import fc from 'fast-check';
import { conditionRuleOf, edge, mappingOf } from '../machine-rules/mapping.fixture';
import { tableEntries, tableOf } from '../machine-rules/value-table';
import { foldSignal, nextDue } from './fold-signal';
import { anyHistory, mapping, next } from './histories.fixture';
import type { ActiveAlarm, HeldSignal, HeldValue, MachineState, SessionState } from './machine-state';
import type { Signal } from './signal';
import { condition, configured, fold, foldUnder, machineUnder, numbered, START, tick } from './signals.fixture';

const of = mappingOf({
  sources: { line: { reorder: { windowMs: 2_000, records: 10 } } },
  signals: {
    temp: { type: 'double', deadband: { abs: 1, maxTimeMs: null }, staleAfterMs: 5_000 },
    door: { type: 'bool' },
  },
  rules: [edge()],
});
const n = (seq: number, ms: number, path: string, value: Signal['value']) => numbered(seq, ms, path, value);

/** What is folded from here on. */
const foldOn = (from: MachineState, log: readonly Signal[]) => {
  let state = from;
  const types: string[] = [];
  const setAside: string[] = [];
  for (const one of log) {
    const offset = BigInt(state.position!.offset) + 1n;
    const folded = foldSignal(state, one, { partition: 3, offset }, () => of);
    state = folded.state;
    types.push(...folded.events.map(({ type, data }) => `${type} ${JSON.parse(data).rule ?? ''}`.trim()));
    setAside.push(...folded.setAside.map(({ signal }) => `${signal.seq} ${signal.path}`));
  }
  return { state, types, setAside };
};
const withHeld = (state: MachineState, alias: string, change: (held: HeldValue) => unknown): MachineState => ({
  ...state,
  values: tableOf(
    tableEntries(state.values).map(([name, held]) => [name, name === alias ? (change(held) as HeldValue) : held]),
  ),
});

describe('what is in a state already, and cannot be worked with, costs itself alone', () => {
  const begun = foldUnder(of, [n(0, 0, 'temp', 20), n(1, 100, 'door', false)]).state;

  it('a value that no other can be compared with is forgotten: the alias begins anew', () => {
    const { state, types, setAside } = foldOn(
      withHeld(begun, 'temp', (held) => ({ ...held, exact: '1/0/x' })),
      [n(2, 1_000, 'temp', 20.2), n(3, 1_100, 'door', true), n(4, 2_000, 'temp', 20.4), n(5, 3_000, 'temp', 30)],
    );
    expect(types).toEqual(['ingest.rule_failed $value', 'machine.door_opened']);
    expect(setAside).toEqual([]);
    expect(state.counts).toMatchObject({ signals: 6, rulesFailed: 1, filtered: 1 });
    expect(tableEntries(state.values).find(([alias]) => alias === 'temp')![1]).toMatchObject({ value: 30, samples: 3 });
    expect(state.valueBytes).toBe(0);
  });

  it('a value whose age cannot be told stops no other signal', () => {
    const { state, types } = foldOn(
      withHeld(begun, 'temp', () => null),
      [tick(6_000), tick(7_000), n(2, 7_500, 'door', true), n(3, 8_000, 'temp', 25)],
    );
    expect(types).toEqual(['ingest.rule_failed $stale', 'machine.door_opened']);
    expect(state.counts).toMatchObject({ signals: 6, rulesFailed: 1 });
    expect(nextDue(state, of)).toBe(START + 13_000);
  });

  it('a signal that waited for its turn is set aside, and those before and after it go on', () => {
    const waiting = foldOn(begun, [n(3, 1_000, 'temp', 30), n(4, 1_100, 'door', true), n(5, 1_200, 'temp', 40)]).state;
    const [key] = Object.keys(waiting.reorder);
    const session = waiting.reorder[key!]!;
    const spoilt = session.held.map(
      (one): HeldSignal => (one.signal.seq === 3 ? { ...one, signal: { ...one.signal, flags: null as never } } : one),
    );
    const poisoned = { ...waiting, reorder: { [key!]: { ...session, held: spoilt } } };
    const filled = foldOn(poisoned, [
      n(2, 1_300, 'door', false),
      n(6, 1_400, 'door', false),
      n(7, 1_500, 'door', true),
    ]);
    expect(filled).toMatchObject({ setAside: ['3 temp'], types: ['machine.door_opened', 'machine.door_opened'] });
    const overdue = foldOn(poisoned, [tick(9_000), n(6, 9_100, 'door', false), n(7, 9_200, 'door', true)]);
    expect(overdue).toMatchObject({ setAside: ['3 temp'], types: ['machine.door_opened', 'machine.door_opened'] });
    expect(nextDue(overdue.state, of)).not.toBeNull();
  });

  it('what waits, where nobody can tell how long, is set aside and waits no longer', () => {
    const waiting = foldOn(begun, [n(3, 1_000, 'temp', 30), n(4, 1_100, 'door', true)]).state;
    const poisoned = { ...waiting, reorder: { ...waiting.reorder, odd: {} as never } };
    expect(nextDue(poisoned, of)).toBe(poisoned.at);
    const { state, setAside, types } = foldOn(poisoned, [
      tick(2_000),
      n(5, 2_100, 'door', false),
      n(6, 2_200, 'door', true),
    ]);
    expect(setAside).toEqual(['3 temp', '4 door']);
    expect(types).toEqual(['machine.door_opened']);
    expect(nextDue(state, of)).toBe(START + 5_000);
  });

  it('a signal that cannot be folded itself is folded by nobody, and can be given again', () => {
    const wrong = { ...n(2, 1_000, 'temp', 30), flags: null as never };
    expect(() => foldOn(begun, [wrong])).toThrow(TypeError);
  });

  it.each<[string, unknown]>([
    ['no window', { at: START }],
    ['a window without holes', { window: { high: 1, holes: null }, at: START }],
    ['a hole that is none', { window: { high: 1, holes: [null] }, at: START }],
    ['parts that are no bits', { window: { high: 1, holes: [] }, parts: [[0, 'x']], at: START }],
  ])('a session of which is remembered %s begins anew, and every other is as it was', (_, damaged) => {
    const other = (seq: number, ms: number, value: boolean) => numbered(seq, ms, 'door', value, { session: 's2' });
    const both = foldOn(begun, [other(0, 200, false), other(1, 300, true)]).state;
    const [key] = Object.keys(both.sessions);
    const poisoned = { ...both, sessions: { ...both.sessions, [key!]: damaged as SessionState } };
    const { state, types } = foldOn(poisoned, [
      n(1, 1_000, 'door', false),
      n(2, 1_100, 'door', true),
      n(1, 1_200, 'door', false),
      other(0, 1_300, false),
      other(1, 1_400, true),
    ]);
    expect(types).toEqual(['ingest.rule_failed $state', 'machine.door_opened']);
    expect(state.counts).toMatchObject({ signals: 9, rulesFailed: 1, duplicates: 3 });
  });

  it('an alarm that is none does not keep the machine from another mapping; the others are cleared', () => {
    const before = mappingOf({ rules: [conditionRuleOf()] });
    const after = mappingOf({ hash: 'b'.repeat(64), version: 2, signals: { door: { type: 'bool' } }, rules: [edge()] });
    const raised = foldUnder(before, [condition(0, 'c', 'FAULT', '1'), condition(1, 'c', 'FAULT', '2')]).state;
    const [one, two] = Object.keys(raised.alarms);
    const alarms = { [one!]: {} as ActiveAlarm, [two!]: raised.alarms[two!]! };
    const { told, state } = fold([configured(1_000, after)], { ...raised, alarms }, 10, [before, after]);
    expect(told).toMatchObject([
      { type: 'machine.alarm', status: 'cleared', code: '2', reason: 'mapping_changed' },
      { type: 'ingest.rule_failed', rule: '$state', error: 'the state of the machine was damaged in: alarms' },
    ]);
    expect(state).toMatchObject({ config: { version: 2 }, alarms: {} });
  });

  it('what waited in a session that is damaged is set aside, and is not lost unseen', () => {
    const waiting = foldOn(begun, [n(3, 1_000, 'temp', 30)]).state;
    const [key] = Object.keys(waiting.reorder);
    const spoilt = { ...waiting.reorder[key!]!, held: [null as never, ...waiting.reorder[key!]!.held] };
    const { types, setAside } = foldOn({ ...waiting, reorder: { [key!]: spoilt } }, [
      n(4, 1_100, 'door', false),
      n(5, 1_200, 'door', true),
    ]);
    expect(setAside).toEqual(['3 temp']);
    expect(types.filter((type) => type !== 'ingest.rule_failed $state')).toEqual(['machine.door_opened']);
  });

  it('a machine goes on whatever any one member of its state has become', () => {
    const odd = fc.constantFrom(null, {}, [], [null], 'x', -1, true, { toString: 0 }, { a: null });
    const known = [mapping, next];
    fc.assert(
      fc.property(anyHistory, fc.nat(), fc.oneof(fc.constant(0), fc.nat()), odd, (log, member, which, value) => {
        const begun = JSON.parse(JSON.stringify(fold(log.slice(0, 40), machineUnder(mapping), 0, known).state));
        // By another mapping than its own nothing of it would be told right.
        const members = Object.keys(begun).filter((name) => !['v', 'tenant', 'machine', 'config'].includes(name));
        const name = members[member % members.length]!;
        const places = placesIn(begun[name], [name]);
        let state = put(begun, places[which % places.length]!, value) as MachineState;
        [...log.slice(40), tick(200_000), configured(300_000, next), configured(300_001, mapping)].forEach((one, k) => {
          const folded = foldSignal(
            state,
            one,
            { partition: 3, offset: BigInt(100 + k) },
            (hash) => known.find((each) => each.hash === hash) ?? null,
          );
          state = JSON.parse(JSON.stringify(folded.state));
          nextDue(state, mapping);
        });
        expect(state.config?.hash).toBe(mapping.hash);
      }),
      { numRuns: Number(process.env['HISTORIES'] ?? 60) },
    );
  });
});

type Place = readonly string[];

/** It, and all that is in it. */
const placesIn = (value: unknown, at: Place): Place[] =>
  typeof value !== 'object' || value === null
    ? [at]
    : [at, ...Object.entries(value).flatMap(([name, one]) => placesIn(one, [...at, name]))];

const put = (into: unknown, [first, ...rest]: Place, value: unknown): unknown => {
  if (first === undefined) return value;
  const copy: { [name: string]: unknown } = Array.isArray(into) ? ([...into] as never) : { ...(into as object) };
  copy[first] = put(copy[first], rest, value);
  return copy;
};
