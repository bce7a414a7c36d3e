import { foldSignal, nextDue } from '../signal/fold-signal';
import type { MachineState } from '../signal/machine-state';
import type { Signal } from '../signal/signal';
import { configured, fold, foldUnder, machineUnder, numbered, START, tick } from '../signal/signals.fixture';
import type { Mapping, Rule } from './mapping';
import { counter, edge, expr, expression, mappingOf, run, stateMap, threshold, watchdog } from './mapping.fixture';

const SIGNALS = { state: {}, door: { type: 'bool' }, temp: { type: 'double' }, count: { type: 'int64' } } as const;
const failing = (text = 'a defect'): never => {
  throw new TypeError(text);
};
/** A rule that throws where it reads this member of itself. */
const broken = <R extends Rule>(rule: R, member: keyof R & string, get: () => unknown = () => failing()): R =>
  Object.defineProperty({ ...rule }, member, { get });
/** What it comes to cannot be written: no expression fails, but the rule does that tells of it. */
const BOMB = Object.defineProperty({}, 'k', { get: () => failing(), enumerable: true });
const bomb = expression([], () => BOMB);
const n = (seq: number, ms: number, path: string, value: Signal['value']) => numbered(seq, ms, path, value);
const ticks = (from: number, to: number) =>
  Array.from({ length: (to - from) / 1_000 + 1 }, (_, k) => tick(from + k * 1_000));
const failures = (told: readonly { type: string }[]) => told.filter(({ type }) => type === 'ingest.rule_failed');

describe('a rule that throws', () => {
  const withFailing = mappingOf({
    signals: SIGNALS,
    rules: [
      stateMap(),
      edge({ id: 'bad', data: { x: bomb } }),
      edge({ id: 'good', emit: 'machine.opened' }),
      counter(),
    ],
  });
  const opened = [
    n(0, 0, 'state', 'RUN'),
    n(1, 100, 'count', 1),
    n(2, 200, 'door', false),
    n(3, 300, 'door', true),
    n(4, 400, 'count', 3),
    n(5, 500, 'door', false),
    n(6, 600, 'door', true),
  ];

  it('costs itself on that signal: the others go on', () => {
    const { told, state } = foldUnder(withFailing, opened);
    expect(told.map(({ type }) => type)).toEqual([
      'machine.status_changed',
      'machine.opened',
      'ingest.rule_failed',
      'production.counted',
      'machine.opened',
    ]);
    expect(state.counts).toMatchObject({ signals: opened.length, rulesFailed: 2 });
  });

  it('is told once, with its id, its kind, the signal and the error, cut to what a person reads', () => {
    const long = mappingOf({
      ...withFailing,
      rules: [broken(edge({ id: 'bad' }), 'data', () => failing(`\u0000${'x'.repeat(5_000)}`))],
    });
    const { told } = foldUnder(long, opened);
    expect(failures(told)).toEqual([
      {
        type: 'ingest.rule_failed',
        machine: 'RF-1',
        rule: 'bad',
        kind: 'edge',
        on: 'signal',
        path: 'door',
        error: ` ${'x'.repeat(255)}`,
      },
    ]);
  });

  it('is told again under another mapping', () => {
    const again = mappingOf({ ...withFailing, hash: 'b'.repeat(64), version: 2 });
    const log = [
      ...opened,
      configured(650, again),
      ...opened.slice(2).map((one, k) => n(10 + k, 700 + k * 100, one.path, one.value)),
    ];
    const { told } = fold(log, machineUnder(withFailing), 0, [withFailing, again]);
    expect(failures(told)).toHaveLength(2);
  });

  it('leaves nothing of what it had begun: neither state nor events', () => {
    // A run that ends tells the one before it, which still waits; then it is asked whether the next begins.
    let isThird = false;
    const start = expression(['temp'], (read) => read('temp') === 1);
    const end = expression(['temp'], (read) => {
      isThird = read('temp') === 3;
      return read('temp') !== 1;
    });
    const sound = run({ settleMs: 60_000, counters: [], start, end });
    const inputs = { get: () => (isThird ? failing() : start.inputs) };
    const half = { ...sound, start: Object.defineProperty({ ...start }, 'inputs', inputs) };
    const log = [1, 2, 1, 3].map((step, k) => n(k, k * 1_000, 'temp', step));
    const play = (rule: Rule, until = log.length) =>
      foldUnder(mappingOf({ signals: SIGNALS, rules: [rule] }), log.slice(0, until));
    expect(play(sound).told.map(({ type }) => type)).toEqual(['production.run_completed']);
    const { rules } = play(sound, 3).state;
    expect(rules['run']).toMatchObject({ open: { id: expect.any(String) }, settling: { id: expect.any(String) } });
    const { state, told } = play(half);
    expect(state.rules).toEqual(rules);
    expect(told.map(({ type }) => type)).toEqual(['ingest.rule_failed']);
  });

  it('is one as well that tells what cannot be written', () => {
    const unwritable = expression(['door'], () => ({ toJSON: () => failing() }) as never);
    const odd = edge({ id: 'odd', emit: 'machine.opened', data: { x: unwritable } });
    const under = mappingOf({ signals: SIGNALS, rules: [odd, edge()] });
    expect(foldUnder(under, opened).told.map(({ type }) => type)).toEqual([
      'machine.door_opened',
      'ingest.rule_failed',
      'machine.door_opened',
    ]);
  });

  it('gives what failed to whoever folds, each time, with the error itself', () => {
    let state: MachineState = machineUnder(withFailing);
    const failed = opened.flatMap((one, k) => {
      const folded = foldSignal(state, one, { partition: 0, offset: BigInt(k) }, () => withFailing);
      state = folded.state;
      return folded.failures;
    });
    expect(failed).toMatchObject([
      { rule: 'bad', draft: { type: 'ingest.rule_failed' }, error: expect.any(TypeError) },
      { rule: 'bad', draft: null, error: expect.any(TypeError) },
    ]);
  });

  it('on another rule that computes again as the status changes costs the computing one alone', () => {
    const value = expression([], (_read, { now }) => (now.status === 'idle' ? BOMB : 1));
    const status = expr({ id: 'seen', emit: 'machine.seen', value });
    const { told } = foldUnder(mappingOf({ signals: SIGNALS, rules: [status, stateMap(), edge()] }), [
      n(0, 0, 'state', 'RUN'),
      n(1, 10, 'state', 'HALT'),
      n(2, 20, 'door', false),
      n(3, 30, 'door', true),
    ]);
    expect(failures(told)).toMatchObject([{ rule: 'seen', on: 'signal' }]);
    expect(told.filter(({ type }) => type === 'machine.door_opened')).toHaveLength(1);
  });
});

describe('a timer that throws', () => {
  const late = broken(threshold({ onDelayMs: 2_000 }), 'alarm');
  const hot = mappingOf({ signals: SIGNALS, rules: [late, edge()] });
  const heated = [n(0, 0, 'temp', 70), n(1, 1_000, 'temp', 90)];

  it('lets its rule begin anew, and is told once', () => {
    const { told, state } = foldUnder(hot, [
      ...heated,
      ...ticks(2_000, 9_000),
      n(2, 9_500, 'door', false),
      n(3, 9_600, 'door', true),
    ]);
    expect(told).toMatchObject([
      { type: 'ingest.rule_failed', rule: 'hot', on: 'timer', path: null },
      { type: 'machine.door_opened' },
    ]);
    expect(state.counts.rulesFailed).toBe(1);
    expect(state.rules).toEqual({});
    expect(nextDue(state, hot)).toBeNull();
  });

  describe('as it tells of a run that has ended, while the next is open', () => {
    const start = expression(['state'], (read) => read('state') === 'RUN');
    const end = expression(['state'], (read) => read('state') === 'HALT');
    /** `emit` is asked for twice by each run that is told. */
    const under = (...failsAt: readonly number[]) => {
      let asked = 0;
      const emit = () => (failsAt.includes(++asked) ? failing() : 'production.run_completed');
      const rule = broken(run({ settleMs: 2_000, start, end }), 'emit', emit);
      return mappingOf({ signals: SIGNALS, rules: [counter(), rule] });
    };
    /** Of 9 s, with 10 parts, the last of them after the end and before the next begins, a second later. */
    const runOf = (nth: number) => {
      const [ms, seq] = [nth * 10_000, nth * 4];
      return [
        n(seq, ms, 'state', 'RUN'),
        n(seq + 1, ms + 5_000, 'count', nth * 10 + 5),
        n(seq + 2, ms + 9_000, 'state', 'HALT'),
        n(seq + 3, ms + 9_500, 'count', nth * 10 + 10),
      ];
    };
    const log = [...[0, 1, 2, 3].flatMap(runOf), ...ticks(40_000, 43_000)];
    const toldUnder = (of: Mapping) => foldUnder(of, log).told.filter(({ type }) => type !== 'production.counted');
    const sound = toldUnder(under());
    const failed = expect.objectContaining({ type: 'ingest.rule_failed', rule: 'run', on: 'timer' });

    it('loses that run alone', () => {
      expect(sound).toMatchObject([{ parts: 5 }, { parts: 10 }, { parts: 10 }, { parts: 10 }]);
      expect(toldUnder(under(1))).toEqual([failed, ...sound.slice(1)]);
    });

    it('begins anew the second time: what is left may be what it cannot work with', () => {
      expect(toldUnder(under(1, 4))).toEqual([failed, sound[1]]);
    });
  });

  it('leaves the alarm that its rule had raised to the rule that begins anew', () => {
    let isFirst = true;
    const fails = () => {
      if (!isFirst) return false;
      isFirst = false;
      return failing();
    };
    const once = broken(threshold({ offDelayMs: 2_000 }), 'latched', fails);
    const log = [n(0, 0, 'temp', 70), n(1, 1_000, 'temp', 90), n(2, 2_000, 'temp', 70), ...ticks(3_000, 5_000)];
    const { told, state } = foldUnder(mappingOf({ signals: SIGNALS, rules: [once] }), [
      ...log,
      n(3, 6_000, 'temp', 71),
      ...ticks(7_000, 9_000),
    ]);
    expect(told).toMatchObject([
      { type: 'machine.alarm', status: 'raised' },
      { type: 'ingest.rule_failed', on: 'timer' },
      { type: 'machine.alarm', status: 'cleared' },
    ]);
    expect(state.alarms).toEqual({});
  });

  it('runs again when the rule has begun anew', () => {
    const { state } = foldUnder(hot, [...heated, ...ticks(2_000, 4_000), n(2, 5_000, 'temp', 95)]);
    expect(nextDue(state, hot)).toBe(START + 7_000);
    expect(
      foldUnder(hot, [...heated, ...ticks(2_000, 4_000), n(2, 5_000, 'temp', 95), ...ticks(6_000, 9_000)]).state.counts
        .rulesFailed,
    ).toBe(2);
  });

  it('asks for the same time no more where it needs no memory to be due', () => {
    const silent = mappingOf({ signals: SIGNALS, rules: [broken(watchdog({ timeoutMs: 2_000 }), 'emit')] });
    const { told, state } = foldUnder(silent, [n(0, 0, 'temp', 1), ...ticks(1_000, 9_000)]);
    expect(told).toMatchObject([{ type: 'ingest.rule_failed', rule: 'silent', on: 'timer' }]);
    expect(state.counts.rulesFailed).toBe(1);
    expect(nextDue(state, silent)).toBeNull();
    expect(
      nextDue(foldUnder(silent, [n(0, 0, 'temp', 1), ...ticks(1_000, 9_000), n(1, 9_500, 'temp', 2)]).state, silent),
    ).toBe(START + 11_500);
  });

  it('that cannot say when it is due begins anew as well', () => {
    const start = expression(['door'], (read) => read('door') === true);
    const odd = broken(run({ counters: [], start }), 'maxOpenMs');
    const under = mappingOf({ signals: SIGNALS, rules: [odd] });
    const log = [n(0, 0, 'door', true), n(1, 500, 'temp', 2), ...ticks(1_000, 5_000)];
    const { told, state } = foldUnder(under, log);
    expect(told).toMatchObject([{ type: 'ingest.rule_failed', rule: 'run', on: 'timer', path: null }]);
    expect(state.counts.rulesFailed).toBe(1);
    expect(nextDue(state, under)).toBeNull();
  });

  it('of another rule leaves what a rule remembers as it was', () => {
    // Nothing of the run is due when the delay of the status is over, and it throws as it follows the status.
    const start = expression([], (_read, { now }) => now.status === 'running');
    const follows = broken(run({ counters: [], start }), 'end');
    const under = mappingOf({ signals: SIGNALS, rules: [stateMap({ debounceMs: 1_000 }), follows] });
    const log = [n(0, 0, 'state', 'RUN'), ...ticks(1_000, 2_000), n(1, 3_000, 'state', 'HALT'), ...ticks(4_000, 6_000)];
    const { told, state } = foldUnder(under, log);
    expect(told.filter(({ type }) => type === 'machine.status_changed')).toHaveLength(2);
    expect(failures(told)).toMatchObject([
      { rule: 'run', on: 'signal' },
      { rule: 'run', on: 'time' },
    ]);
    expect(state.rules['run']).toMatchObject({ open: { id: expect.any(String) } });
  });
});
