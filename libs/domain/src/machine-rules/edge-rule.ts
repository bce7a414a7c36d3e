import type { MachineState } from '../signal/machine-state';
import { readConditionValue } from '../signal/signal';
import { alarmAt, clearAlarms, freshenAlarm, markAlarm, raiseAlarm } from './alarm-book';
import { heldOf } from './held-value';
import type { EdgeRule } from './mapping';
import type { Heard, RuleContext, RuleKind } from './rule-kind';
import { evaluate, evaluateMembers, toJson } from './scope';
import { fires, isOn } from './trigger';

/**
 * A fact that is told when a bit comes or goes, or a value changes: against the last known value, so silence in between
 * hides none and a snapshot makes none. Where it tells of an alarm, that stands as long as the bit does: the other edge
 * clears it whatever `when` says by then, and so does a snapshot that shows that nobody has seen the edge.
 */
export const edgeRule: RuleKind<EdgeRule> = {
  onTime: (state) => state,

  onSignal: (state, rule, context) => {
    const { heard } = context;
    if (heard.kind === 'condition') return applyAction(state, rule, heard, context);
    if (heard.kind !== 'value' || heard.mapped.alias !== rule.input) return state;
    const standing = rule.alarm === null || rule.on === 'changed' ? null : standingOf(state, rule);
    const on = isOn(context.scope.now.value(rule.input));
    if (standing !== null && on !== null) {
      if (on !== (rule.on === 'rising')) return clearAlarms(state, rule, [standing], context);
      return freshenAlarm(state, standing);
    }
    return fires({ kind: rule.on, alias: rule.input }, context.scope) ? tell(state, rule, heard, context) : state;
  },

  nextDue: () => null,
};

/** Key of the alarm of this rule, whoever it was that brought it about: what is computed hears of many. */
const standingOf = (state: MachineState, rule: EdgeRule): string | null => {
  for (const key in state.alarms) if (state.alarms[key]!.rule === rule.id) return key;
  return null;
};

const tell = (
  state: MachineState,
  rule: EdgeRule,
  heard: Extract<Heard, { readonly kind: 'value' }>,
  context: RuleContext,
): MachineState => {
  let counting = state;
  if (rule.when !== null) {
    const when = evaluate(rule.when, context.scope, state);
    if (when.kind === 'failed') return when.state;
    if (when.value !== true) return state;
  }
  const { signal } = heard;
  if (rule.alarm !== null) {
    const { code, severity, text } = rule.alarm;
    // Time may have brought about what is computed; it is of the source whose values it is computed from.
    const source = heldOf(state, rule.input)?.source || signal.source;
    const said = { key: rule.id, source, item: signal.path, code, severity, text };
    return raiseAlarm(counting, rule, said, context);
  }
  if (rule.emit === null) return state;
  const members = evaluateMembers(rule.data, context.scope, counting);
  counting = members.state;
  context.emit({
    rule: rule.id,
    type: rule.emit,
    moment: context.moment,
    data: {
      machine: state.machine,
      item: signal.path,
      value: toJson(context.scope.now.value(rule.input)),
      previous: toJson(context.scope.before.value(rule.input)),
      since: context.moment.time,
      // Samples are lost before this one, so there may have been more edges than this.
      quality: heard.afterGap ? 'uncertain' : signal.quality,
      ...members.data,
    },
  });
  return counting;
};

const applyAction = (
  state: MachineState,
  rule: EdgeRule,
  heard: Extract<Heard, { readonly kind: 'condition' }>,
  context: RuleContext,
): MachineState => {
  const { path, source, value } = heard.signal;
  const condition = rule.alarm === null ? null : readConditionValue(value);
  if (rule.alarm === null || condition?.action === undefined || condition.nativeCode !== rule.alarm.code) return state;
  const key = standingOf(state, rule);
  const alarm = key === null ? null : alarmAt(state, key);
  return key !== null && alarm?.item === path && alarm.source === source
    ? markAlarm(state, rule, key, condition.action, context)
    : state;
};
