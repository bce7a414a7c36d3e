import { decodeMachineState, encodeMachineState } from '@millrace/protocol';
import fc from 'fast-check';
import type { Event } from '../event/event';
import { lineInProduction } from '../machine-rules/bundle/line-in-production.fixture';
import { playBundle } from '../machine-rules/bundle/play-bundle.fixture';
import type { RollformLine } from '../machine-rules/bundle/rollform-line.fixture';
import { lineMapping, lineRule } from '../machine-rules/bundle/rollform-mapping.fixture';
import { nextDue } from './fold-signal';
import { anyDisturbedHistory, anyHistory, mapping, next } from './histories.fixture';
import type { MachineState } from './machine-state';
import type { Signal } from './signal';
import { fold, machineUnder, signal } from './signals.fixture';

/** HISTORIES=20000 for a long look. */
const runs = (usual: number): { numRuns: number } => ({ numRuns: Number(process.env['HISTORIES'] ?? usual) });

const known = [mapping, next];
const play = (log: readonly Signal[], from: MachineState = machineUnder(mapping), first = 0) =>
  fold(log, from, first, known);

/** The state as it comes back from the compacted topic. */
const throughTopic = (state: MachineState): MachineState => {
  const { topic, key, value } = encodeMachineState('machine-state', state);
  const read = decodeMachineState({
    topic,
    key: Buffer.from(key!),
    value,
    headers: {},
    partition: 0,
    offset: 0n,
    timestamp: 0,
  });
  if (read.kind !== 'put') throw new Error(`a state was ${read.kind}`);
  return read.state;
};

/** What a rule of each kind tells: a property must not be proven on nothing. */
const TOLD_BY_RULES = [
  ...['machine.hot_run', 'machine.status_changed', 'machine.door_opened', 'machine.alarm', 'work_order.completed'],
  ...['production.counted', 'production.run_completed', 'bundle.completed', 'bundle.corrected'],
];

const PLACE_NAME = /\b(alm|run|bundle)_[0-9a-f]{26}\b/g;

/** What is told, but for what is named after its place in the log: alarms, runs, and events that are not known by a key. */
const toldBy = (events: readonly Event[]): string[] => {
  const names = new Map<string, string>();
  return events.map(({ id, type, time, data }) => {
    const said = data.replace(PLACE_NAME, (name) => {
      if (!names.has(name)) names.set(name, `#${names.size}`);
      return names.get(name)!;
    });
    const isKnownByKey = /^(bundle|work_order)\./.test(type) && said === data;
    return `${type} ${time} ${isKnownByKey ? id : ''} ${said}`;
  });
};

/** Whether nothing comes more than so much after what was received after it: of several moves each can be small, and all not. */
const isWithin = (log: readonly Signal[], ms: number): boolean => {
  let latest = Number.NEGATIVE_INFINITY;
  return log.every(({ at }) => {
    latest = Math.max(latest, Date.parse(at));
    return latest - Date.parse(at) <= ms;
  });
};

describe('a replay (check 1)', () => {
  it('comes to the same events, ids, bytes and state with a restart after every signal, or after some', () => {
    const told = new Set<string>();
    const restarts = fc.oneof(
      fc.constant(null),
      fc.array(fc.nat({ max: 70 }), { maxLength: 8, size: 'max' }).map((places) => new Set(places)),
    );
    fc.assert(
      fc.property(anyHistory, restarts, (log, places) => {
        const whole = play(log);
        let state = machineUnder(mapping);
        const events = log.flatMap((one, n) => {
          const folded = play([one], places === null || places.has(n) ? throughTopic(state) : state, n);
          state = folded.state;
          return folded.events;
        });
        expect(JSON.stringify(events)).toBe(JSON.stringify(whole.events));
        expect(JSON.stringify(state)).toBe(JSON.stringify(whole.state));
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
        for (const { type } of events) told.add(type);
      }),
      runs(500),
    );
    expect(TOLD_BY_RULES.filter((type) => !told.has(type))).toEqual([]);
  });

  it('tells the same of what comes at once in another order, and of what comes again', () => {
    const told = new Set<string>();
    let moved = 0;
    fc.assert(
      fc.property(anyDisturbedHistory, ({ log, disturbed }) => {
        const right = play(log);
        const { events, state } = play(disturbed);
        expect(toldBy(events)).toEqual(toldBy(right.events));
        expect(state.values).toEqual(right.state.values);
        // What a timer tells at such a moment is dated by the receipt of the signals, and not by the first of their stamps.
        expect({ ...state.status, since: null }).toEqual({ ...right.state.status, since: null });
        const { signals, duplicates, ...counts } = state.counts;
        expect(counts).toEqual({ ...right.state.counts, signals: undefined, duplicates: undefined });
        expect(signals - duplicates).toBe(log.length);
        if (log.some((one, n) => disturbed[n] !== one)) moved++;
        for (const { type } of events) told.add(type);
      }),
      runs(300),
    );
    expect(moved).toBeGreaterThan(50);
    expect(TOLD_BY_RULES.filter((type) => !told.has(type))).toEqual([]);
  });

  it('tells the same bundles, ids and bytes, of a line whose signals change places within the window and come again', () => {
    const rule = lineRule();
    const line = lineMapping(rule);
    const happens = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.integer({ min: 300, max: 2_000 }).map((ms) => (on: RollformLine) => on.wait(ms).piece()),
      },
      fc.tuple(fc.integer({ min: 1, max: 40 }), fc.option(fc.integer({ min: 1, max: 4 }))).map(
        ([inches, code]) =>
          (on: RollformLine) =>
            on.wait(700).scrapped(inches, code, 900),
      ),
      fc.integer({ min: 1, max: 3 }).map((coil) => (on: RollformLine) => on.wait(400).loadCoil(`C${coil}`)),
      fc.integer({ min: 1, max: 3 }).map((id) => (on: RollformLine) => on.wait(400).chooseItem(id, 60 * id, 9)),
      fc.nat({ max: 4 }).map((code) => (on: RollformLine) => on.halt().wait(30_000).say('delayReason', code).run()),
      fc
        .integer({ min: 2, max: 9 })
        .map((n) => (on: RollformLine) => on.wait(900).complete().wait(1_000).loadBundle(7, n)),
    );
    const moves = fc.array(fc.tuple(fc.nat({ max: 400 }), fc.integer({ min: 1, max: 4 }), fc.boolean()), {
      maxLength: 60,
      size: 'max',
    });
    let moved = 0;
    let told = 0;
    fc.assert(
      fc.property(fc.array(happens, { minLength: 5, maxLength: 40, size: 'max' }), moves, (course, changes) => {
        const made = lineInProduction();
        for (const happened of course) happened(made);
        const setUp = lineInProduction().signals.length;
        const { signals } = made.wait(3_000).complete().wait(9_000).tick();
        const log = [...signals];
        const repeats: Array<readonly [place: number, again: Signal]> = [];
        const touched = new Set<number>();
        for (const [place, far, again] of changes) {
          const from = setUp + (place % (signals.length - setUp - 1));
          const to = Math.min(from + far, signals.length - 2);
          const [one, other] = [signals[from]!, signals[to]!];
          if (touched.has(from) || touched.has(to)) continue;
          touched.add(from).add(to);
          if (again) repeats.push([to + 1, one]);
          else {
            [log[from], log[to]] = [other, one];
            if (isWithin(log, 1_500)) moved++;
            else [log[from], log[to]] = [one, other];
          }
        }
        for (const [place, one] of repeats.sort(([x], [y]) => y - x)) log.splice(place, 0, one);
        const right = playBundle(line, signals).told;
        told += right.length;
        expect(playBundle(line, log).told).toEqual(right);
      }),
      runs(60),
    );
    expect(moved).toBeGreaterThan(100);
    expect(told).toBeGreaterThan(60);
  });

  it('says what is repeated once', () => {
    fc.assert(
      fc.property(anyHistory, fc.nat({ max: 70 }), fc.nat({ max: 70 }), (log, a, b) => {
        const numbered = log.filter(({ seq }) => seq !== null);
        const last = numbered[numbered.length - 1]?.at;
        const again = numbered.slice(Math.min(a, b), Math.max(a, b)).map((one) => ({ ...one, at: last ?? one.at }));
        const once = play(numbered);
        expect(play([...numbered, ...again]).events).toEqual(once.events);
      }),
      runs(100),
    );
  });

  it('asks for time only where time does something', () => {
    fc.assert(
      fc.property(anyHistory, (log) => {
        const { state } = play(log);
        const inForce = state.config?.hash === next.hash ? next : mapping;
        let silent = state;
        for (let round = 0; round < 60; round++) {
          const due = nextDue(silent, inForce);
          if (due === null) return;
          const at = new Date(Math.max(due, silent.at)).toISOString();
          silent = play(
            [signal(0, '$tick', null, { kind: 'lifecycle', sourceTs: null, source: 'millrace', at, receiveTs: at })],
            silent,
            log.length + round,
          ).state;
        }
        throw new Error(`time is asked for without end: ${nextDue(silent, inForce)}`);
      }),
      runs(100),
    );
  });

  it('throws nothing, whatever the signals hold', () => {
    const names = fc.oneof(
      fc.string(),
      fc.constantFrom('toString', 'valueOf', 'toJSON', '__proto__', 'level', 'k', 'n'),
    );
    const anyValue = fc
      .anything({ key: names })
      .map((value) => JSON.parse(JSON.stringify(value) ?? 'null') as Signal['value']);
    const paths = [
      'Line/State',
      'Length/Good',
      'Bundle/Number',
      'Coil/Serial',
      'Job/OrdId',
      'Item/ItmId',
      'Scrap/Reason',
      'Item/QuantityDone',
      'avail',
      'door',
      'temp',
      'count',
      'message',
      '$lifecycle',
      '$gap',
      '$config',
      '$tick',
      'c',
      '__proto__',
    ];
    const row = fc.record({
      path: fc.constantFrom(...paths),
      value: anyValue,
      kind: fc.constantFrom<Signal['kind']>('sample', 'event', 'condition', 'lifecycle'),
      seq: fc.option(fc.nat({ max: 20 })),
      unit: fc.option(fc.string()),
      session: fc.string(),
      source: fc.string(),
      qualityCode: fc.option(fc.string()),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40, size: 'max' }), (rows) => {
        const log = rows
          .filter(({ path, value }) => path !== '$config' || typeof value !== 'object' || value === null)
          .map((one, n) => signal(n * 700, one.path, one.value, one));
        const { state } = play(log);
        expect(state.counts.signals).toBe(log.length);
      }),
      runs(200),
    );
    const odd = fc.oneof(anyValue, fc.constantFrom({ toString: 0 }, { valueOf: 0, toString: 0 }, {}, '', '__proto__'));
    fc.assert(
      fc.property(
        anyHistory,
        fc.array(fc.tuple(fc.nat({ max: 75 }), odd), { maxLength: 20, size: 'max' }),
        (log, changes) => {
          const changed = [...log];
          for (const [place, value] of changes)
            if (place < changed.length && changed[place]!.path !== '$config')
              changed[place] = { ...changed[place]!, value: value as Signal['value'] };
          const { state } = play(changed);
          expect(state.counts.signals).toBe(log.length);
        },
      ),
      runs(200),
    );
  });
});
