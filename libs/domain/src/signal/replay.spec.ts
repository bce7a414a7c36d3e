import fc from 'fast-check';
import {
  aliasValue,
  availability,
  conditionRuleOf,
  counter,
  edge,
  expr,
  expression,
  mappingOf,
  passthrough,
  run,
  says,
  stateMap,
  threshold,
  watchdog,
} from '../machine-rules/mapping.fixture';
import { nextDue } from './fold-signal';
import type { MachineState } from './machine-state';
import type { Signal } from './signal';
import { condition, configured, fold, machineUnder, signal } from './signals.fixture';

/** Every kind of rule that the engine itself has. */
const mapping = mappingOf({
  sources: { line: { reorder: { windowMs: 2_000, records: 6 } } },
  signals: {
    state: {},
    avail: {},
    door: { type: 'bool' },
    temp: { type: 'double', unit: 'Cel', staleAfterMs: 4_000, deadband: { abs: 0.5, maxTimeMs: 3_000 } },
    count: { type: 'int64', modulus: 16 },
    message: { type: 'json' },
  },
  rules: [
    expr({
      id: 'hotRun',
      value: expression(['temp', 'state'], (read) => Number(read('temp')) > 50 && read('state') === 'RUN'),
      emit: 'machine.hot_run',
    }),
    stateMap({ debounceMs: 800, recoverAfterMs: 1_200, transitional: ['WAIT'], transitionalMs: 3_000 }),
    availability(),
    watchdog({ timeoutMs: 5_000, recoverAfterMs: 700 }),
    edge({ when: says('state', 'RUN'), data: { count: aliasValue('count') } }),
    edge({ id: 'open', emit: 'machine.alarm', alarm: { code: 'DOOR', severity: 'warning', text: '' } }),
    threshold({ onDelayMs: 500, offDelayMs: 500, latched: true }),
    conditionRuleOf({ maxRate: { count: 4, perMs: 3_000 } }),
    counter({ maxStep: 6 }),
    passthrough({ key: expression([], (_read, { locals }) => (locals['message'] as { k: string }).k) }),
    run({ settleMs: 1_000, maxOpenMs: 20_000 }),
  ],
});
const next = mappingOf({ ...mapping, hash: 'b'.repeat(64), version: 2, sources: {}, rules: mapping.rules.slice(2) });

const flags = fc.constantFrom<Signal['flags']>([], [], [], ['snapshot'], ['overflow'], ['historical']);
const quality = fc.constantFrom<Signal['quality']>('good', 'good', 'good', 'uncertain', 'bad', 'stale');
const said = fc.oneof(
  fc.constantFrom('RUN', 'HALT', 'WAIT', 'OFF', 'ODD').map((value) => ({ path: 'state', value })),
  fc.constantFrom('AVAILABLE', 'UNAVAILABLE').map((value) => ({ path: 'avail', value })),
  fc.boolean().map((value) => ({ path: 'door', value })),
  fc.constantFrom(20, 20.2, 60, 77, 90, null, 'x').map((value) => ({ path: 'temp', value, unit: 'Cel' })),
  fc.constantFrom('Cel', '[degF]').map((unit) => ({ path: 'temp', value: 30, unit })),
  fc.nat({ max: 20 }).map((value) => ({ path: 'count', value })),
  fc.constantFrom('a', 'b').map((k) => ({ path: 'message', value: { k, v: k } })),
  fc.nat({ max: 2 }).map((v) => ({ path: 'message', value: { k: 'c', v } })),
  fc.constant({ path: 'nobody', value: 1 }),
);
const word = fc.constantFrom('disconnected', 'connected', 'alive', 'birth', 'death', 'hello');
const anyRow = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(said, flags, quality).map(([one, flag, of]) => ({ ...one, flags: flag, quality: of })),
  },
  {
    weight: 1,
    arbitrary: word.map((value) => ({ path: '$lifecycle', value, kind: 'lifecycle' as const, sourceTs: null })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({ path: '$tick', value: null, kind: 'lifecycle' as const, sourceTs: null, seq: null }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('NORMAL', 'WARNING', 'FAULT', 'UNAVAILABLE'),
        fc.constantFrom('', '1', '2'),
        fc.constantFrom(undefined, 'acknowledged', 'shelved'),
      )
      .map(([level, code, action]) => {
        const { path, value, kind, type } = condition(
          0,
          action === undefined ? 'c' : 'temp',
          level,
          action === undefined ? code : 'HYD-TEMP',
          '',
          action ?? null,
        );
        return { path, value, kind, type };
      }),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      path: '$gap',
      value: { from: 1, to: 3, lost: 3 },
      kind: 'lifecycle' as const,
      sourceTs: null,
      seq: null,
    }),
  },
);

/** Signals that are numbered, now and then two the wrong way round, with the times at which they come. */
const anyLog = fc
  .tuple(
    fc.array(fc.tuple(anyRow, fc.nat({ max: 1_500 }), fc.nat({ max: 9 })), { maxLength: 70, size: 'max' }),
    fc.nat({ max: 140 }),
  )
  .map(([rows, change]) => {
    let ms = 0;
    const log = rows.map(([row, gap, jump], place): Signal => {
      ms += gap;
      const seq = jump === 0 ? place + 2 : jump === 1 ? Math.max(0, place - 2) : place;
      return signal(ms, row.path, row.value as Signal['value'], { seq, type: 'string', ...row } as Partial<Signal>);
    });
    if (change < log.length) log.splice(change, 0, configured(ms, next));
    return log;
  });

const known = [mapping, next];
const play = (log: readonly Signal[], from: MachineState = machineUnder(mapping), first = 0) =>
  fold(log, from, first, known);
const throughJson = (state: MachineState): MachineState => JSON.parse(JSON.stringify(state)) as MachineState;

describe('a replay (check 1)', () => {
  it('comes to the same events, ids, bytes and state with a restart after every signal', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
        const whole = play(log);
        let state = machineUnder(mapping);
        const events = log.flatMap((one, n) => {
          const folded = play([one], throughJson(state), n);
          state = folded.state;
          return folded.events;
        });
        expect(events).toEqual(whole.events);
        expect(throughJson(state)).toEqual(throughJson(whole.state));
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      }),
      { numRuns: 200 },
    );
  });

  it('says what is repeated once', () => {
    fc.assert(
      fc.property(anyLog, fc.nat({ max: 70 }), fc.nat({ max: 70 }), (log, a, b) => {
        const numbered = log.filter(({ seq }) => seq !== null);
        const last = numbered[numbered.length - 1]?.at;
        const again = numbered.slice(Math.min(a, b), Math.max(a, b)).map((one) => ({ ...one, at: last ?? one.at }));
        const once = play(numbered);
        expect(play([...numbered, ...again]).events).toEqual(once.events);
      }),
      { numRuns: 100 },
    );
  });

  it('asks for time only where time does something', () => {
    fc.assert(
      fc.property(anyLog, (log) => {
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
      { numRuns: 100 },
    );
  });

  it('throws nothing, whatever the signals hold', () => {
    const anyValue = fc.anything().map((value) => JSON.parse(JSON.stringify(value) ?? 'null') as Signal['value']);
    const paths = [
      'state',
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
      { numRuns: 200 },
    );
  });
});
