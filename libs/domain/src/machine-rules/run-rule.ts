import { idFromSignal } from '../signal/machine-event';
import type { CompletedRun, MachineState } from '../signal/machine-state';
import { elapsedSeconds, type Moment } from '../signal/signal-time';
import { compare, readRational, subtract, toNumber } from '../unit/rational';
import type { CounterSlot } from './counter-rule';
import type { Expression } from './expression';
import { heldOf, lastKnown } from './held-value';
import type { RunRule } from './mapping';
import type { Heard, RuleContext, RuleKind } from './rule-kind';
import { type RuleSlot, slotOf, withSlot } from './rule-slot';
import { concerns, evaluate } from './scope';

/**
 * Production runs. The end opens a settle window, because the last part is counted after it; the run is told when
 * evaluation time has passed the window. Parts that come within it are the ended run's, although the next may have begun.
 *
 *   no run --start--> open --end--> settling --window over--> production.run_completed
 *
 * A counter that begins anew within the window ends it: what is counted from then on is the next job's.
 *
 * A run that nothing ends is closed after `maxOpen` with quality `uncertain`, as is one during which the machine was
 * offline.
 */
export interface RunSlot extends RuleSlot {
  readonly kind: 'run';
  readonly open: OpenRun | null;
  readonly settling: SettlingRun | null;
}

export interface OpenRun {
  readonly id: string;
  readonly started: Moment;
  readonly program: string | null;
  /** Value of the first counter before the run; null until it has one. */
  readonly partsBefore: number | null;
  /** Totals of the counters when the run began; null while the run before settles, for what is counted is that one's. */
  readonly base: { readonly [counter: string]: string } | null;
  /** The machine was out of sight for a part of the run. */
  readonly outage: boolean;
}

export interface SettlingRun extends OpenRun {
  readonly ended: Moment;
  readonly endedBy: string;
  /** Evaluation time from which the run is complete, Unix ms. */
  readonly due: number;
  /** What its counters said last; absent of a run that an earlier release has ended. */
  readonly counted?: Counted;
}

/** By counter, exactly. */
interface Counted {
  readonly values: { readonly [counter: string]: string };
  readonly totals: { readonly [counter: string]: string };
}

const EMPTY: RunSlot = { kind: 'run', open: null, settling: null };

export const runRule: RuleKind<RunRule> = {
  onTime: (state, rule, context) => {
    const slot = slotOf<RunSlot>(state, rule);
    let next = state;
    if (slot?.settling && context.at >= slot.settling.due) next = complete(next, rule, slot.settling, context);
    next = closeOverdue(next, rule, context);
    // A delayed status is told by time alone, and a run may begin or end with it.
    return context.scope.now.status === context.scope.before.status ? next : follow(next, rule, null, context);
  },

  onSignal: (state, rule, context) => follow(state, rule, context.heard, context),

  nextDue: (state, rule) => {
    const slot = slotOf<RunSlot>(state, rule);
    if (slot === null) return null;
    const settle = slot.settling?.due ?? null;
    const open = slot.open === null ? null : slot.open.started.at + rule.maxOpenMs;
    return settle === null ? open : open === null ? settle : Math.min(settle, open);
  },

  withoutDue: (state, rule, at) => {
    const slot = slotOf<RunSlot>(state, rule);
    const isOpen = slot?.open != null && at < slot.open.started.at + rule.maxOpenMs;
    return isOpen && slot.settling !== null ? released(state, rule, slot, slot.settling) : null;
  },
};

const follow = (state: MachineState, rule: RunRule, heard: Heard | null, context: RuleContext): MachineState => {
  let next = seeCounters(state, rule, context);
  const { open } = slotOf<RunSlot>(next, rule) ?? EMPTY;
  if (open !== null && isAsked(rule.end, heard, context)) {
    const ends = evaluate(rule.end, context.scope, next);
    if (ends.kind === 'failed') next = ends.state;
    else if (ends.value === true) next = end(next, rule, context);
  }
  if (slotOf<RunSlot>(next, rule)?.open == null && isAsked(rule.start, heard, context)) {
    const starts = evaluate(rule.start, context.scope, next);
    if (starts.kind === 'failed') next = starts.state;
    else if (starts.value === true) next = start(next, rule, context);
  }
  return next;
};

const isAsked = (expression: Expression, heard: Heard | null, context: RuleContext): boolean =>
  heard === null || concerns(expression, heard, context.scope);

const start = (state: MachineState, rule: RunRule, context: RuleContext): MachineState => {
  const slot = slotOf<RunSlot>(state, rule) ?? EMPTY;
  const open: OpenRun = {
    id: idFromSignal('run', state.tenant, state.machine, context.position, rule.id),
    started: context.moment,
    program: programOf(state, rule),
    partsBefore: slot.settling === null ? firstCount(state, rule) : null,
    base: slot.settling === null ? totals(state, rule) : null,
    outage: false,
  };
  return withSlot<RunSlot>(state, rule, { ...slot, open });
};

const end = (state: MachineState, rule: RunRule, context: RuleContext): MachineState => {
  const before = slotOf<RunSlot>(state, rule)?.settling ?? null;
  const settled = before === null ? state : complete(state, rule, before, context);
  const slot = slotOf<RunSlot>(settled, rule)!;
  const settling: SettlingRun = {
    ...slot.open!,
    ended: context.moment,
    endedBy: settled.status.sourceState ?? settled.status.current,
    due: context.at + rule.settleMs,
    counted: countedBy(settled, rule),
  };
  return withSlot<RunSlot>(settled, rule, { ...slot, open: null, settling });
};

/** What the run learns while it is open: its program, the first count, that the machine went out of sight. */
const seeCounters = (state: MachineState, rule: RunRule, context: RuleContext): MachineState => {
  const slot = slotOf<RunSlot>(state, rule);
  if (slot === null) return state;
  if (slot.settling?.counted !== undefined && beginsAnew(state, rule, slot.settling.counted))
    return complete(state, rule, slot.settling, context);
  const open = slot.open === null ? null : learn(state, rule, slot.open);
  const settling = slot.settling === null ? null : learnLast(state, rule, slot.settling);
  return open === slot.open && settling === slot.settling
    ? state
    : withSlot<RunSlot>(state, rule, { ...slot, open, settling });
};

const learn = <R extends OpenRun>(state: MachineState, rule: RunRule, run: R): R => {
  const program = run.program ?? programOf(state, rule);
  const partsBefore = run.base === null ? null : (run.partsBefore ?? firstCount(state, rule));
  const outage = run.outage || state.status.current === 'offline';
  return program === run.program && partsBefore === run.partsBefore && outage === run.outage
    ? run
    : { ...run, program, partsBefore, outage };
};

const learnLast = (state: MachineState, rule: RunRule, run: SettlingRun): SettlingRun => {
  const learned = learn(state, rule, run);
  if (run.counted === undefined) return learned;
  const { values, totals: made } = run.counted;
  const counted = countedBy(state, rule);
  const isSame = rule.counters.every((id) => counted.values[id] === values[id] && counted.totals[id] === made[id]);
  return isSame ? learned : { ...learned, counted };
};

/** A fall of which a counter made no more than what it now shows; one that wraps has made the rest up to its edge too. */
const beginsAnew = (state: MachineState, rule: RunRule, before: Counted): boolean =>
  rule.counters.some((id) => {
    const slot = counterSlot(state, id);
    if (slot === null || before.values[id] === undefined) return false;
    const value = readRational(slot.value);
    const made = subtract(readRational(slot.total), readRational(before.totals[id] ?? '0'));
    return compare(value, readRational(before.values[id])) < 0 && compare(made, value) <= 0;
  });

const closeOverdue = (state: MachineState, rule: RunRule, context: RuleContext): MachineState => {
  const slot = slotOf<RunSlot>(state, rule);
  if (!slot?.open || context.at < slot.open.started.at + rule.maxOpenMs) return state;
  const overdue: SettlingRun = {
    ...slot.open,
    outage: true,
    ended: context.moment,
    endedBy: 'open_too_long',
    due: context.at,
  };
  return complete(withSlot<RunSlot>(state, rule, { ...slot, open: null }), rule, overdue, context);
};

const complete = (state: MachineState, rule: RunRule, run: SettlingRun, context: RuleContext): MachineState => {
  const isCounted = run.partsBefore !== null;
  const counted = run.counted ?? countedBy(state, rule);
  const made = madeSince(counted, rule, run);
  const [first] = rule.counters;
  const lastRun: CompletedRun = {
    runId: run.id,
    startedAt: run.started.time,
    endedAt: run.ended.time,
    durationSeconds: elapsedSeconds(run.started, run.ended),
    parts: isCounted && first !== undefined ? (made[first] ?? null) : null,
    partsBefore: run.partsBefore,
    partsAfter: isCounted && first !== undefined ? countOf(counted.values[first]) : null,
    program: run.program,
    endedBy: run.endedBy,
    quality: run.outage ? 'uncertain' : 'good',
  };
  if (rule.emit !== null)
    context.emit({
      rule: rule.id,
      type: rule.emit,
      moment: { ...run.ended, at: context.at },
      data: {
        machine: state.machine,
        ...lastRun,
        ...(rule.counters.length > 1 ? { counters: made } : {}),
      },
    });
  const slot = slotOf<RunSlot>(state, rule) ?? EMPTY;
  return withSlot<RunSlot>({ ...state, lastRun }, rule, released(state, rule, slot, run));
};

/** Without this run. From here on what is counted belongs to the one that has begun meanwhile. */
const released = (state: MachineState, rule: RunRule, slot: RunSlot, run: SettlingRun): RunSlot => {
  const settling = slot.settling?.id === run.id ? null : slot.settling;
  if (slot.open === null || slot.open.base !== null || settling !== null) return { ...slot, settling };
  const counted = run.counted ?? countedBy(state, rule);
  const open = { ...slot.open, base: counted.totals, partsBefore: firstCountSince(state, rule, counted) };
  return { ...slot, open, settling };
};

const counterSlot = (state: MachineState, id: string): CounterSlot | null =>
  slotOf<CounterSlot>(state, { id, kind: 'counter' });

/** A counter that has said nothing yet begins at 0. */
const totals = (state: MachineState, rule: RunRule): { readonly [counter: string]: string } =>
  Object.fromEntries(rule.counters.map((id) => [id, counterSlot(state, id)?.total ?? '0']));

const countedBy = (state: MachineState, rule: RunRule): Counted => ({
  values: Object.fromEntries(
    rule.counters.flatMap((id) => {
      const slot = counterSlot(state, id);
      return slot === null ? [] : [[id, slot.value]];
    }),
  ),
  totals: totals(state, rule),
});

const countOf = (value: string | undefined): number | null =>
  value === undefined ? null : toNumber(readRational(value));

const firstCount = (state: MachineState, rule: RunRule): number | null => {
  const [first] = rule.counters;
  const slot = first === undefined ? null : counterSlot(state, first);
  return countOf(slot?.value);
};

/** What the first counter showed before it made what the run before has not. */
const firstCountSince = (state: MachineState, rule: RunRule, before: Counted): number | null => {
  const [first] = rule.counters;
  const slot = first === undefined ? null : counterSlot(state, first);
  if (slot === null) return null;
  const made = subtract(readRational(slot.total), readRational(before.totals[first!] ?? '0'));
  return toNumber(subtract(readRational(slot.value), made));
};

/** By counter; one that began during the run has counted from 0. */
const madeSince = (counted: Counted, rule: RunRule, run: OpenRun): { readonly [counter: string]: number } =>
  Object.fromEntries(
    rule.counters.flatMap((id) => {
      if (counted.values[id] === undefined) return [];
      const base = run.base !== null && Object.hasOwn(run.base, id) ? run.base[id]! : '0';
      return [[id, toNumber(subtract(readRational(counted.totals[id] ?? '0'), readRational(base)))]];
    }),
  );

const programOf = (state: MachineState, rule: RunRule): string | null => {
  if (rule.program === null) return null;
  const program = lastKnown(heldOf(state, rule.program));
  return program === null || typeof program === 'object' ? null : String(program).trim().slice(0, 256);
};

/** The run that a person would call the present one: of the first rule that has one open, else settling. */
export interface PresentRun {
  readonly run: OpenRun | SettlingRun;
  /** Null while nothing counts. */
  readonly parts: number | null;
}

export const presentRun = (state: MachineState): PresentRun | null => {
  const slots = Object.values(state.rules).filter((slot): slot is RunSlot => slot.kind === 'run');
  const run = slots.find(({ open }) => open !== null)?.open ?? slots.find(({ settling }) => settling)?.settling ?? null;
  if (run === null) return null;
  const [first] = Object.entries(run.base ?? {});
  const slot = first === undefined || run.partsBefore === null ? null : counterSlot(state, first[0]);
  return {
    run,
    parts: slot === null ? null : toNumber(subtract(readRational(slot.total), readRational(first![1]))),
  };
};
