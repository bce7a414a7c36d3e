import type { MachineState } from '../signal/machine-state';
import { readConditionValue } from '../signal/signal';
import type { Moment } from '../signal/signal-time';
import { compare, type Rational, toRational } from '../unit/rational';
import { alarmAt, alarmKey, clearAlarms, freshenAlarm, markAlarm, markAlarmsStale, raiseAlarm } from './alarm-book';
import { heldOf } from './held-value';
import type { ThresholdRule } from './mapping';
import type { Heard, RuleContext, RuleKind } from './rule-kind';
import { type RuleSlot, slotOf, withSlot } from './rule-slot';
import { isLossOf } from './source-loss';
import { dueOf, freeze, isOver, thaw, type Waiting, wait } from './waiting';

/**
 * An alarm of a measured value, with hysteresis: raised beyond the one limit, cleared beyond the other, each after its
 * delay without a break (OPC UA part 9: OnDelay, OffDelay), dated when the value crossed.
 *
 *   clear --beyond raise limit for onDelay--> raised --beyond clear limit for offDelay--> clear
 *                                             latched: and acknowledged
 *
 * While nothing is known the delays stand still and the alarm is stale. A snapshot raises only what was seen clear before.
 */
export interface ThresholdSlot extends RuleSlot {
  readonly kind: 'threshold';
  /** Where the alarm stands in `state.alarms`; null while it does not. */
  readonly raised: string | null;
  readonly seenClear: boolean;
  /** The way to the other side. */
  readonly crossing: { readonly since: Moment; readonly waiting: Waiting } | null;
  /** Latched: the value is good again, and the acknowledgement is missing. */
  readonly latched: boolean;
  readonly acknowledged: boolean;
}

const EMPTY: ThresholdSlot = {
  kind: 'threshold',
  raised: null,
  seenClear: false,
  crossing: null,
  latched: false,
  acknowledged: false,
};

export const thresholdRule: RuleKind<ThresholdRule> = {
  onTime: (state, rule, context) => {
    const slot = slotOf<ThresholdSlot>(state, rule);
    return slot === null ? state : arrive(state, rule, slot, context);
  },

  onSignal: (state, rule, context) => {
    const { heard } = context;
    switch (heard.kind) {
      case 'value':
        return heard.mapped.alias === rule.input ? applyValue(state, rule, heard, context) : state;
      case 'unknown':
        return heard.mapped.alias === rule.input ? hold(state, rule, context) : state;
      case 'lifecycle':
        return isLossOf(heard, heldOf(state, rule.input)) ? hold(state, rule, context) : state;
      case 'condition':
        return applyAction(state, rule, heard, context);
      default:
        return state;
    }
  },

  nextDue: (state, rule) => dueOf(slotOf<ThresholdSlot>(state, rule)?.crossing?.waiting ?? null),
};

const applyValue = (
  state: MachineState,
  rule: ThresholdRule,
  heard: Extract<Heard, { readonly kind: 'value' }>,
  context: RuleContext,
): MachineState => {
  if (heard.exact === null) return hold(state, rule, context);
  const slot = slotOf<ThresholdSlot>(state, rule) ?? { ...EMPTY, raised: standing(state, rule) };
  const bad = isBad(rule, heard.exact);
  if (slot.raised !== null) {
    const fresh = freshenAlarm(state, slot.raised);
    return follow(fresh, rule, { ...slot, latched: false }, isClear(rule, heard.exact), rule.offDelayMs, context);
  }
  if (!bad) return follow(state, rule, { ...slot, seenClear: true }, false, 0, context);
  if (heard.snapshot && !slot.seenClear) return state;
  return follow(state, rule, slot, true, rule.onDelayMs, context);
};

/** A rule that begins anew after its timer threw has its alarm still, which nothing else would clear. */
const standing = ({ alarms }: MachineState, rule: ThresholdRule): string | null => {
  for (const key in alarms) if (alarms[key]!.rule === rule.id) return key;
  return null;
};

/** Goes on, begins or gives up the way to the other side. */
const follow = (
  state: MachineState,
  rule: ThresholdRule,
  slot: ThresholdSlot,
  crosses: boolean,
  delayMs: number,
  context: RuleContext,
): MachineState => {
  const crossing = !crosses
    ? null
    : slot.crossing === null
      ? { since: context.moment, waiting: wait(context.at, delayMs) }
      : { ...slot.crossing, waiting: thaw(slot.crossing.waiting, context.at) };
  const before = slotOf<ThresholdSlot>(state, rule);
  const next = { ...slot, crossing };
  if (crossing === null && before !== null && before.crossing === null && isSameSlot(before, next)) return state;
  return arrive(withSlot<ThresholdSlot>(state, rule, next), rule, next, context);
};

const isSameSlot = (a: ThresholdSlot, b: ThresholdSlot): boolean =>
  a.raised === b.raised && a.seenClear === b.seenClear && a.latched === b.latched && a.acknowledged === b.acknowledged;

const arrive = (state: MachineState, rule: ThresholdRule, slot: ThresholdSlot, context: RuleContext): MachineState => {
  const { crossing } = slot;
  if (crossing === null || !isOver(crossing.waiting, context.at)) return state;
  if (slot.raised !== null) {
    if (rule.latched && !slot.acknowledged)
      return withSlot<ThresholdSlot>(state, rule, { ...slot, crossing: null, latched: true });
    return clear(state, rule, slot.raised, crossing.since, context);
  }
  const held = heldOf(state, rule.input);
  const source = held?.source ?? '';
  const item = held === null || held.path === '' ? rule.input : held.path;
  const raised = alarmKey(rule, source, rule.id);
  const { code, severity, text } = rule.alarm;
  const after = raiseAlarm(state, rule, { key: rule.id, source, item, code, severity, text }, context, crossing.since);
  // Without room for one more alarm it is tried again with the next value.
  return withSlot<ThresholdSlot>(after, rule, {
    ...slot,
    raised: alarmAt(after, raised) === null ? null : raised,
    crossing: null,
    latched: false,
    acknowledged: false,
  });
};

const clear = (
  state: MachineState,
  rule: ThresholdRule,
  key: string,
  since: Moment,
  context: RuleContext,
): MachineState => {
  const cleared = clearAlarms(state, rule, [key], context, since);
  return withSlot<ThresholdSlot>(cleared, rule, { ...EMPTY, seenClear: true });
};

const hold = (state: MachineState, rule: ThresholdRule, context: RuleContext): MachineState => {
  const slot = slotOf<ThresholdSlot>(state, rule);
  if (slot === null) return state;
  const stale = slot.raised === null ? state : markAlarmsStale(state, ({ rule: by }) => by === rule.id);
  if (slot.crossing === null) return stale;
  const crossing = { ...slot.crossing, waiting: freeze(slot.crossing.waiting, context.at) };
  return withSlot<ThresholdSlot>(stale, rule, { ...slot, crossing });
};

/** An operator's action on this alarm, by its item and code; acknowledged, a latched one may clear. */
const applyAction = (
  state: MachineState,
  rule: ThresholdRule,
  heard: Extract<Heard, { readonly kind: 'condition' }>,
  context: RuleContext,
): MachineState => {
  const slot = slotOf<ThresholdSlot>(state, rule);
  const condition = readConditionValue(heard.signal.value);
  if (slot === null || slot.raised === null || condition?.action === undefined) return state;
  const alarm = alarmAt(state, slot.raised);
  if (alarm === null || alarm.item !== heard.signal.path || alarm.code !== condition.nativeCode) return state;
  const marked = markAlarm(state, rule, slot.raised, condition.action, context);
  if (condition.action !== 'acknowledged') return marked;
  return slot.latched
    ? clear(marked, rule, slot.raised, context.moment, context)
    : withSlot<ThresholdSlot>(marked, rule, { ...slot, acknowledged: true });
};

const limits = new WeakMap<ThresholdRule, { [name: string]: Rational | null }>();

const limitsOf = (rule: ThresholdRule): { readonly [name: string]: Rational | null } => {
  let known = limits.get(rule);
  if (known === undefined) {
    known = {
      raiseAbove: toRational(rule.raiseAbove),
      clearBelow: toRational(rule.clearBelow),
      raiseBelow: toRational(rule.raiseBelow),
      clearAbove: toRational(rule.clearAbove),
    };
    limits.set(rule, known);
  }
  return known;
};

const isBad = (rule: ThresholdRule, value: Rational): boolean => {
  const { raiseAbove, raiseBelow } = limitsOf(rule);
  if (raiseAbove) return compare(value, raiseAbove) > 0;
  return raiseBelow ? compare(value, raiseBelow) < 0 : false;
};

const isClear = (rule: ThresholdRule, value: Rational): boolean => {
  const { clearBelow, clearAbove } = limitsOf(rule);
  if (clearBelow) return compare(value, clearBelow) < 0;
  return clearAbove ? compare(value, clearAbove) > 0 : !isBad(rule, value);
};
