import { type MachineState, STATE_LIMITS } from '../signal/machine-state';
import { type Rational, toRational } from '../unit/rational';
import { derivedSignal } from './alias-lookup';
import type { ExpressionValue } from './expression';
import { boundedValue, bytesOf, type HeldValue, heldNumber, heldOf, type KnownValue, lastKnown } from './held-value';
import type { ExprRule } from './mapping';
import type { Heard, RuleContext, RuleKind } from './rule-kind';
import { type RuleSlot, slotOf, withSlot } from './rule-slot';
import { concerns, evaluate, evaluateMembers, seenAfter, toJson } from './scope';
import { isSame } from './trigger';

/**
 * A computed signal: its alias is the rule's id, and the rules after it hear it as they hear the machine. Where it tells of
 * something, it does so when `when` becomes true, or at each change of the value where there is no `when`; a snapshot and
 * a first value tell nothing.
 */
export interface ExprSlot extends RuleSlot {
  readonly kind: 'expr';
  /** What `when` last came to; null before it came to anything. */
  readonly met: boolean | null;
}

export const exprRule: RuleKind<ExprRule> = {
  onTime: (state) => state,

  onSignal: (state, rule, context) => {
    const { heard } = context;
    // What a lost source gave is known no more, and neither is what was computed of it.
    return heard.kind === 'lifecycle' ||
      concerns(rule.value, heard, context.scope) ||
      (rule.when !== null && concerns(rule.when, heard, context.scope))
      ? compute(state, rule, heard, heard.kind === 'value' && heard.snapshot, context)
      : state;
  },

  nextDue: () => null,
};

/**
 * The status has become another with this signal, or with time, after the value was computed, which may depend on it. What
 * does not is left as it is.
 */
export const computeAgain = (
  state: MachineState,
  rule: ExprRule,
  snapshot: boolean,
  context: RuleContext,
): MachineState => {
  const [before, again] = [heldOf(state, rule.id), compute(state, rule, null, snapshot, context)];
  const after = heldOf(again, rule.id);
  const isAsBefore = before?.known === after?.known && isSame(lastKnown(before), lastKnown(after));
  return isAsBefore && slotOf(state, rule) === slotOf(again, rule) ? state : again;
};

const compute = (
  state: MachineState,
  rule: ExprRule,
  heard: Heard | null,
  snapshot: boolean,
  context: RuleContext,
): MachineState => {
  const before = heldOf(state, rule.id);
  const evaluated = evaluate(rule.value, context.scope, state);
  const value = evaluated.kind === 'failed' ? null : known(evaluated.value);
  if (value === null)
    return hold(evaluated.kind === 'failed' ? evaluated.state : state, rule, before, heard, snapshot, null, context);
  const next = hold(state, rule, before, heard, snapshot, value, context);
  return rule.emit === null ? next : tell(next, rule, before, heldOf(next, rule.id), snapshot, context);
};

interface Computed {
  readonly value: KnownValue;
  readonly exact: Rational | null;
}

const known = (value: ExpressionValue): Computed | null => {
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) return null;
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    const json = toJson(value);
    return json === null ? null : { value: json as KnownValue, exact: null };
  }
  const exact = toRational(value);
  return exact === null ? null : { value: heldNumber(exact).value, exact };
};

const hold = (
  state: MachineState,
  rule: ExprRule,
  before: HeldValue | null,
  heard: Heard | null,
  snapshot: boolean,
  computed: Computed | null,
  context: RuleContext,
): MachineState => {
  if (before === null && Object.keys(state.derived).length >= STATE_LIMITS.values) return state;
  if (before === null && computed === null) return state;
  const had = bytesOf(before?.value ?? null);
  const room = STATE_LIMITS.allValueBytes - state.valueBytes + had;
  const number = computed === null || computed.exact === null ? null : heldNumber(computed.exact);
  const value = computed === null ? (before?.value ?? null) : (number?.value ?? boundedValue(computed.value, room));
  const held: HeldValue = {
    value,
    exact: computed === null ? (before?.exact ?? null) : (number?.exact ?? null),
    known: computed !== null,
    quality: computed === null ? 'bad' : heard?.kind === 'value' ? heard.signal.quality : 'good',
    qualityCode: computed === null ? 'ingest:expression' : null,
    time: context.moment.time,
    at: context.at,
    snapshot,
    lost: false,
    path: '',
    source: heard === null || heard.kind !== 'value' ? (before?.source ?? '') : heard.signal.source,
    unit: rule.unit,
    foreignUnit: null,
    typeConflict: false,
    passedAt: context.at,
    samples: (before?.samples ?? 0) + 1,
    unknowns: (before?.unknowns ?? 0) + (computed === null ? 1 : 0),
  };
  return {
    ...state,
    valueBytes: state.valueBytes - had + bytesOf(value),
    derived: { ...state.derived, [rule.id]: held },
  };
};

const tell = (
  state: MachineState,
  rule: ExprRule,
  before: HeldValue | null,
  after: HeldValue | null,
  snapshot: boolean,
  context: RuleContext,
): MachineState => {
  const scope = seenAfter(context.scope, state);
  let next = state;
  if (rule.when === null) {
    const changed = before !== null && before.value !== null && !isSame(lastKnown(before), lastKnown(after));
    if (!changed || snapshot) return next;
  } else {
    const when = evaluate(rule.when, scope, next);
    if (when.kind === 'failed') return when.state;
    const was = slotOf<ExprSlot>(next, rule)?.met ?? null;
    const met = when.value === true;
    if (met !== was) next = withSlot<ExprSlot>(next, rule, { kind: 'expr', met });
    if (!met || was !== false || snapshot) return next;
  }
  const members = evaluateMembers(rule.data, scope, next);
  context.emit({
    rule: rule.id,
    type: rule.emit!,
    moment: context.moment,
    data: {
      machine: state.machine,
      name: rule.id,
      value: toJson(lastKnown(after)),
      previous: toJson(lastKnown(before)),
      unit: rule.unit,
      since: context.moment.time,
      ...members.data,
    },
  });
  return members.state;
};

/** What the rules after it hear of a computed signal that was computed at this signal. */
export const heardDerived = (rule: ExprRule, held: HeldValue, heard: Heard): Heard => {
  const mapped = derivedSignal(rule);
  const signal = { ...heard.signal, path: rule.id, value: held.value, unit: rule.unit, quality: held.quality };
  return held.known && held.value !== null
    ? {
        kind: 'value',
        signal,
        mapped,
        value: held.value,
        exact: held.exact !== null ? toRational(held.exact) : toRational(held.value),
        snapshot: held.snapshot,
        afterGap: heard.kind === 'value' && heard.afterGap,
      }
    : { kind: 'unknown', signal, mapped };
};
