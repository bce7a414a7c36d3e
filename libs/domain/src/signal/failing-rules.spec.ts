import fc from 'fast-check';
import type { Event } from '../event/event';
import type { Expression, Scope } from '../machine-rules/expression';
import type { Mapping, Rule } from '../machine-rules/mapping';
import { conditionRuleOf, counter, edge, expr, passthrough, run, threshold } from '../machine-rules/mapping.fixture';
import { nextDue } from './fold-signal';
import { anyHistory, mapping, next } from './histories.fixture';
import type { MachineState } from './machine-state';
import type { Signal } from './signal';
import { fold, machineUnder, signal } from './signals.fixture';

/** HISTORIES=20000 for a long look. */
const runs = (usual: number): { numRuns: number } => ({ numRuns: Number(process.env['HISTORIES'] ?? usual) });

/** Throws where what the machine shows has it so: now and then, and the same at each replay. */
const mayThrow = ({ now }: Scope, salt: number): void => {
  let hash = salt;
  for (const alias of ['count', 'temp', 'door', 'state', 'message', 'good'])
    for (const letter of `${JSON.stringify(now.value(alias))} `)
      hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0;
  if (hash % 3 === 0) throw new TypeError('a defect');
};

/** The rule throws for what its expression comes to; the expression itself does not, which no rule would mind. */
const unwritable = (salt: number, value: (scope: Scope) => object, inputs: readonly string[]): Expression => ({
  text: 'written by a test',
  inputs,
  evaluate: (scope) =>
    Object.defineProperty({ ...value(scope) }, 'k', { enumerable: true, get: () => mayThrow(scope, salt) }) as never,
});

/** A rule that throws at each `nth` time that it looks at this member of itself. */
const broken = <R extends Rule>(nth: number, rule: R, member: keyof R & string): R => {
  const value = rule[member];
  let looked = 0;
  return Object.defineProperty({ ...rule }, member, {
    get: () => {
      if (++looked % nth === 0) throw new RangeError('another defect');
      return value;
    },
  });
};

const LOW = { raiseAbove: 50, clearBelow: 40 } as const;
/** They tell nothing, so that all others have the same ids with and without them. */
const silentRules = (nth: number): Rule[] => [
  broken(nth, threshold({ ...LOW, id: 'badAlarm', emit: null, onDelayMs: 400, offDelayMs: 400 }), 'alarm'),
  broken(nth, threshold({ ...LOW, id: 'badDelay', emit: null, onDelayMs: 400 }), 'onDelayMs'),
  broken(1, counter({ id: 'badCount', emit: null }), 'maxStep'),
  broken(1, run({ id: 'badTimer', emit: null, maxOpenMs: 9_000 }), 'maxOpenMs'),
  broken(nth, run({ id: 'badEnd', emit: null, settleMs: 500 }), 'counters'),
  broken(nth, conditionRuleOf({ id: 'badKey', emit: null }), 'key'),
  broken(nth, edge({ id: 'badEdge', emit: null }), 'on'),
];
/** Some of them tell something now and then. */
const tellingRules = (nth: number, salt: number): Rule[] => [
  ...silentRules(nth),
  expr({
    id: 'badValue',
    emit: 'machine.bad',
    value: unwritable(salt, ({ now }) => ({ status: now.status }), ['count', 'temp', 'state']),
  }),
  edge({ id: 'badData', emit: 'machine.bad', on: 'changed', data: { x: unwritable(salt, () => ({}), []) } }),
  passthrough({ id: 'badMessage', emit: 'machine.bad', data: unwritable(salt, ({ locals }) => locals, []) }),
  broken(nth, run({ id: 'badSettling', emit: 'machine.bad', settleMs: 500 }), 'end'),
];

/** As a mapping orders them: what computes stands before the rest. */
const withRules = (of: Mapping, more: readonly Rule[]): Mapping => {
  const isFirst = ({ kind }: Rule) => kind === 'expr';
  const rules = [...of.rules, ...more];
  return { ...of, rules: [...rules.filter(isFirst), ...rules.filter((rule) => !isFirst(rule))] };
};

type Known = readonly Mapping[];
const known: Known = [mapping, next];
/** They are made anew for each play, since a broken one counts. */
const knownWith = (rules: () => readonly Rule[]): Known => known.map((one) => withRules(one, rules()));
const play = (log: readonly Signal[], mappings: Known, from: MachineState = machineUnder(mapping), first = 0) =>
  fold(log, from, first, mappings);

const OF_THE_BAD = ['ingest.rule_failed', 'machine.bad'];
const ofOthers = (events: readonly Event[]): Event[] => events.filter(({ type }) => !OF_THE_BAD.includes(type));
const withoutId = ({ id: _id, key: _key, sourceId: _sourceId, traceparent: _trace, ...event }: Event) => event;
const anyNth = fc.integer({ min: 1, max: 5 });

describe('rules that throw', () => {
  it('leave every other rule all of its events, to the id and the byte', () => {
    const failed = new Set<string>();
    fc.assert(
      fc.property(anyHistory, anyNth, (log, nth) => {
        const { events, state } = play(
          log,
          knownWith(() => silentRules(nth)),
        );
        expect(JSON.stringify(ofOthers(events))).toBe(JSON.stringify(play(log, known).events));
        expect(state.counts.signals).toBe(log.length);
        for (const { type, data } of events)
          if (type === 'ingest.rule_failed') {
            const { rule, on } = JSON.parse(data);
            failed.add(`${rule} ${on}`);
          }
      }),
      runs(100),
    );
    // On a signal, as time went by and at a time of their own; alarms of a value with a delay are rare in a history.
    expect([...failed]).toEqual(
      expect.arrayContaining(['badCount signal', 'badEnd time', 'badTimer timer', 'badKey signal']),
    );
  });

  it('that tell something now and then leave every other rule all of its events, whatever a restart comes between', () => {
    let told = 0;
    let failures = 0;
    fc.assert(
      fc.property(anyHistory, anyNth, fc.nat(), (log, nth, salt) => {
        const bad = () => knownWith(() => tellingRules(nth, salt));
        const whole = play(log, bad());
        expect(ofOthers(whole.events).map(withoutId)).toEqual(play(log, known).events.map(withoutId));
        const mappings = bad();
        let state = machineUnder(mapping);
        const events = log.flatMap((one, n) => {
          const folded = play([one], mappings, JSON.parse(JSON.stringify(state)), n);
          state = folded.state;
          return folded.events;
        });
        expect(JSON.stringify(events)).toBe(JSON.stringify(whole.events));
        expect(JSON.stringify(state)).toBe(JSON.stringify(whole.state));
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
        told += events.filter(({ type }) => type === 'machine.bad').length;
        failures += state.counts.rulesFailed;
      }),
      runs(100),
    );
    expect(told).toBeGreaterThan(50);
    expect(failures).toBeGreaterThan(500);
  });

  it('on time do not ask for time without end', () => {
    fc.assert(
      fc.property(anyHistory, anyNth, (log, nth) => {
        const mappings = knownWith(() => tellingRules(nth, 1));
        let { state } = play(log, mappings);
        const inForce = mappings.find(({ hash }) => hash === state.config?.hash)!;
        for (let round = 0; round < 80; round++) {
          const due = nextDue(state, inForce);
          if (due === null) return;
          const at = new Date(Math.max(due, state.at)).toISOString();
          const tick = signal(0, '$tick', null, {
            kind: 'lifecycle',
            sourceTs: null,
            source: 'millrace',
            at,
            receiveTs: at,
          });
          state = play([tick], mappings, state, log.length + round).state;
        }
        throw new Error(`time is asked for without end: ${nextDue(state, inForce)}`);
      }),
      runs(60),
    );
  });
});
