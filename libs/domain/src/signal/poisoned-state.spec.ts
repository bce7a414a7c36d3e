import { edge, mappingOf } from '../machine-rules/mapping.fixture';
import { tableEntries, tableOf } from '../machine-rules/value-table';
import { foldSignal, nextDue } from './fold-signal';
import type { HeldSignal, HeldValue, MachineState } from './machine-state';
import type { Signal } from './signal';
import { foldUnder, numbered, START, tick } from './signals.fixture';

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
});
