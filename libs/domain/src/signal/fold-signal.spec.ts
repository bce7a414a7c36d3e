import fc from 'fast-check';
import { type MachineState, newMachineState } from './machine-state';
import type { Signal } from './signal';
import { fold, signal } from './signals.fixture';

describe('the fold', () => {
  const words = fc.constantFrom('ACTIVE', 'READY', 'INTERRUPTED', 'PROGRAM_COMPLETED', 'UNAVAILABLE', 'ODD');
  const anySignal = fc.oneof(
    words.map((word) => ({ path: 'execution', value: word as Signal['value'], kind: 'event' as const })),
    fc.nat({ max: 30 }).map((n) => ({ path: 'part_count', value: String(n), kind: 'event' as const })),
    fc
      .tuple(fc.constantFrom('NORMAL', 'WARNING', 'FAULT', 'UNAVAILABLE'), fc.constantFrom('', '1', '2'))
      .map(([level, nativeCode]) => ({ path: 'system', value: { level, nativeCode }, kind: 'condition' as const })),
    fc.constant({ path: '$lifecycle', value: 'disconnected', kind: 'lifecycle' as const }),
    fc.constant({ path: '$tick', value: null, kind: 'lifecycle' as const }),
    fc.anything().map((value) => ({
      path: 'execution',
      value: (value === undefined ? null : value) as Signal['value'],
      kind: 'event' as const,
    })),
  );
  const anyLog = fc.array(fc.tuple(anySignal, fc.nat({ max: 5000 })), { maxLength: 80 }).map((rows) => {
    let ms = 0;
    return rows.map(([one, gap], seq) => {
      ms += gap;
      return signal(ms, one.path, one.value, { kind: one.kind, seq });
    });
  });

  it('comes to the same events and state when it is stopped and started again anywhere', () => {
    fc.assert(
      fc.property(anyLog, fc.nat({ max: 80 }), (log, cut) => {
        const whole = fold(log);
        const first = fold(log.slice(0, cut));
        const rest = fold(
          log.slice(cut),
          JSON.parse(JSON.stringify(first.state)) as MachineState,
          Math.min(cut, log.length),
        );
        expect([...first.events, ...rest.events]).toEqual(whole.events);
        expect(JSON.parse(JSON.stringify(rest.state))).toEqual(JSON.parse(JSON.stringify(whole.state)));
        expect(new Set(whole.events.map(({ id }) => id)).size).toBe(whole.events.length);
      }),
    );
  });

  it('passes over records that its state holds already', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const whole = fold(log);
        const again = fold(log, whole.state);
        expect(again.events).toEqual([]);
        expect(again.state).toEqual(whole.state);
      }),
    );
  });

  it('drops what a source sends again under the same position', () => {
    fc.assert(
      fc.property(anyLog, fc.nat({ max: 80 }), fc.nat({ max: 80 }), (log, a, b) => {
        const repeated = [...log, ...log.slice(Math.min(a, b), Math.max(a, b))];
        expect(fold(repeated).events).toEqual(fold(log).events);
      }),
    );
  });

  it('drops the repeat of an observation that is not numbered, by item, stamp and value', () => {
    const one = signal(0, 'part_count', '1');
    const { state } = fold([one, one, signal(1000, 'part_count', '1')]);
    expect(state.counts).toMatchObject({ signals: 3, duplicates: 1 });
  });

  it('tells long values apart by all of their text', () => {
    const long = (end: string) => signal(0, 'note', 'x'.repeat(5_000) + end);
    expect(fold([long('a'), long('b'), long('b')]).state.counts.duplicates).toBe(1);
  });

  it('lets history change nothing of today', () => {
    const { told, state } = fold([
      signal(0, 'execution', 'ACTIVE'),
      signal(1, 'execution', 'READY', { flags: ['historical'] }),
    ]);
    expect(told).toHaveLength(1);
    expect(state.counts.historical).toBe(1);
  });

  it('holds a bounded state, however many sessions and items a machine has', () => {
    const log = Array.from({ length: 2_000 }, (_, n) => [
      signal(n, `item${n}`, 'x'),
      signal(n, 'y', 'x', { session: `s${n}`, seq: 0 }),
    ]).flat();
    const { state } = fold(log);
    expect(Object.keys(state.sessions).length).toBeLessThanOrEqual(64);
    expect(Object.keys(state.lastOfPath).length).toBeLessThanOrEqual(256);
  });

  it('knows what each of the last items said that number nothing, and again of one that has made room', () => {
    const items = Array.from({ length: 600 }, (_, n) => signal(n, `item${n}`, 'x'));
    const { state } = fold([...items, ...items.slice(-190)]);
    expect(state.counts.duplicates).toBe(190);
    const [first] = items;
    expect(fold([first!, first!, signal(700, 'item0', 'y')], state, 1_000).state.counts.duplicates).toBe(191);
  });

  it('drops each repeat of the last 256 items that were heard, whatever was heard in between', () => {
    const anyHearing = fc.array(fc.tuple(fc.nat({ max: 500 }), fc.boolean()), { minLength: 900, maxLength: 1_400 });
    fc.assert(
      fc.property(anyHearing, (hearing) => {
        let state: MachineState = newMachineState('default', 'RF-1');
        /** By item, in the order in which they were heard last. */
        const said = new Map<number, Signal>();
        const forgotten: number[] = [];
        hearing.forEach(([item, again], n) => {
          const last = said.get(item);
          const mustBeKnown = again && [...said.keys()].slice(-256).includes(item);
          const one = again && last !== undefined ? last : signal(n, `item${item}`, 'x');
          const { duplicates } = state.counts;
          state = fold([one], state, n).state;
          if (mustBeKnown && state.counts.duplicates === duplicates) forgotten.push(n);
          said.delete(item);
          said.set(item, one);
        });
        expect(forgotten).toEqual([]);
        const known = Object.keys(state.lastOfPath).length + Object.keys(state.earlierOfPath ?? {}).length;
        expect(known).toBeLessThanOrEqual(512);
      }),
      { numRuns: 15 },
    );
  });

  it('reads what a release stored that knew one table of items alone', () => {
    const items = Array.from({ length: 256 }, (_, n) => signal(n, `item${n}`, 'x'));
    const { earlierOfPath: _, ...stored } = fold(items).state;
    const { state } = fold([signal(300, 'other', 'x'), ...items], stored, 256);
    expect(state.counts.duplicates).toBe(256);
  });

  it('gives each event the identity of its signal', () => {
    const { events } = fold([signal(0, 'execution', 'ACTIVE')]);
    expect(events).toEqual([
      expect.objectContaining({
        id: 'evt_82ef0137fe53a9ee2f4f4d3ffc',
        tenant: 'default',
        source: '/machines/RF-1',
        subject: 'RF-1',
        time: '2026-02-17T13:00:00.000Z',
      }),
    ]);
  });
});
