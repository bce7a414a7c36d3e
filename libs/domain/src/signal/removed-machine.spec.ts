import fc from 'fast-check';
import { foldSignal } from './fold-signal';
import { anyHistory, mapping, next } from './histories.fixture';
import { type MachineState, newMachineState } from './machine-state';
import { heardOf, speakerOf } from './removed-machine';
import type { Signal } from './signal';
import { condition, configured, fold, lifecycle, lost, machineUnder, START, signal, tick } from './signals.fixture';

const known = [mapping, next];
const nobody = newMachineState('default', 'RF-1');
const removal = (heardAt: number | null): Signal =>
  signal(
    0,
    '$removed',
    { heardAt },
    { kind: 'lifecycle', type: 'json', source: 'millrace', session: '', sourceTs: null },
  );
const at = (offset: number) => ({ partition: 3, offset: String(offset) });
const removedAt = (offset: number): MachineState => ({ ...nobody, position: at(offset), removed: true });

/** A machine with an alarm, a value and counts. */
const log = [
  signal(0, 'execution', 'ACTIVE'),
  condition(1_000, 'system', 'FAULT', '42'),
  signal(2_000, 'part_count', '7'),
];
const lived = fold(log).state;

describe('the removal of a machine', () => {
  it('leaves nothing but its place in the log, tells nothing, and is not undone by what lies before it', () => {
    expect(Object.keys(lived.alarms)).toHaveLength(1);
    const { state, events } = fold([removal(heardOf(lived))], lived, 3);
    expect([state, events]).toEqual([removedAt(3), []]);
    const again = fold([...log, removal(heardOf(lived))], state);
    expect([again.state, again.events]).toEqual([state, []]);
  });

  it('is passed over for a machine that has spoken since it was asked for', () => {
    const { state, events } = fold([removal(heardOf(fold(log.slice(0, 2)).state))], lived, 3);
    expect([state, events]).toEqual([{ ...lived, position: at(3) }, []]);
    expect(fold([removal(null)], lived, 3).state).toEqual({ ...lived, position: at(3) });
  });

  it('makes no machine of one that nobody knows, as where the log no longer holds what was heard of it', () => {
    const { state, events } = fold([removal(heardOf(lived))], nobody, 3);
    expect([state, events]).toEqual([removedAt(3), []]);
  });

  it('is not done again to the machine that is there anew, where its record comes twice', () => {
    const twice = removal(heardOf(lived));
    const anew = fold([twice, signal(9_000, 'execution', 'READY')], lived, 3);
    expect(fold([twice], anew.state, 5).state).toEqual({ ...anew.state, position: at(5) });
    expect(fold([twice, twice], lived, 3).state).toEqual(removedAt(4));
  });

  it('needs no mapping: one that cannot be had does not keep its machine', () => {
    const under = fold(log, machineUnder(mapping), 0, known).state;
    const { state } = foldSignal(under, removal(heardOf(under)), { partition: 3, offset: 3n }, () => null);
    expect(state).toEqual(removedAt(3));
  });

  it('lasts until a value comes, or a mapping names the machine: not by time, and not by what a source says of itself', () => {
    const silent = [tick(9_000), lost(10_000), lifecycle(11_000, 'alive'), lifecycle(12_000, 'connected')];
    const gap = signal(13_000, '$gap', { from: 1, to: 2, lost: 2 }, { kind: 'lifecycle', type: 'json' });
    const still = fold([removal(heardOf(lived)), ...silent, gap, configured(14_000, null)], lived, 3, known);
    expect([still.state, still.events]).toEqual([removedAt(9), []]);
    for (const speaks of [signal(15_000, 'execution', 'ACTIVE'), configured(15_000, mapping)]) {
      const anew = fold([speaks], still.state, 10, known);
      expect(anew).toEqual(fold([speaks], nobody, 10, known));
    }
  });

  it('gives the same at each replay, with restarts: what comes after it is of a machine that nobody knew', () => {
    let told = 0;
    fc.assert(
      fc.property(
        anyHistory,
        fc.nat({ max: 35 }),
        fc.nat({ max: 70 }),
        fc.boolean(),
        (history, place, stop, isNamed) => {
          const cut = Math.min(place, history.length);
          const before = fold(history.slice(0, cut), machineUnder(mapping), 0, known);
          const rest = [...(isNamed ? [configured(0, mapping)] : []), ...history.slice(cut)];
          const whole = [...history.slice(0, cut), removal(heardOf(before.state)), ...rest];
          const straight = fold(whole, machineUnder(mapping), 0, known);
          const halt = Math.min(stop, whole.length);
          const first = fold(whole.slice(0, halt), machineUnder(mapping), 0, known);
          // Some of what the stored state holds is read again.
          const from = Math.max(0, halt - 5);
          const second = fold(whole.slice(from), JSON.parse(JSON.stringify(first.state)) as MachineState, from, known);
          expect([...first.events, ...second.events]).toEqual(straight.events);
          expect(JSON.stringify(second.state)).toBe(JSON.stringify(straight.state));
          const speaks = rest.findIndex(
            ({ path, value }) => !path.startsWith('$') || (path === '$config' && value !== null),
          );
          const anew = speaks === -1 ? null : fold(rest.slice(speaks), nobody, cut + 1 + speaks, known);
          expect(straight.events).toEqual([...before.events, ...(anew?.events ?? [])]);
          expect(straight.state).toEqual(anew?.state ?? removedAt(whole.length - 1));
          told += anew?.events.length ?? 0;
        },
      ),
      { numRuns: 60 },
    );
    expect(told).toBeGreaterThan(0);
  });
});

describe('who speaks of a machine', () => {
  it('is the source of its last sign of life', () => {
    expect(speakerOf(nobody)).toBeNull();
    const both = fold([signal(0, 'a', 'x'), signal(5_000, 'b', 'x', { source: 'other' }), tick(9_000)]).state;
    expect(speakerOf(both)).toEqual({ source: 'other', at: START + 5_000 });
    expect(heardOf(both)).toBe(START + 5_000);
  });

  it('is nobody where the last word is that its source is lost', () => {
    const { state } = fold([...log, lost(3_000)]);
    expect(speakerOf(state)).toBeNull();
    expect(heardOf(state)).toBe(START + 2_000);
    expect(speakerOf(fold([...log, lost(3_000), lifecycle(4_000, 'connected')]).state)).toMatchObject({
      at: START + 4_000,
    });
  });
});
