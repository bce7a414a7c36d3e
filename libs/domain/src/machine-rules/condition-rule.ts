import { type ActiveAlarm, counted, type MachineState, STATE_LIMITS } from '../signal/machine-state';
import { type ConditionValue, readConditionValue, type Signal } from '../signal/signal';
import { elapsedSeconds, type Moment } from '../signal/signal-time';
import {
  alarmAt,
  alarmKey,
  boundedCode,
  clearAlarms,
  hasRoomForAlarm,
  markAlarm,
  markAlarmsStale,
  type RaisedAlarm,
  raiseAlarm,
} from './alarm-book';
import { isOfSource } from './alias-lookup';
import type { ExpressionValue } from './expression';
import type { ConditionRule } from './mapping';
import type { RuleContext, RuleKind } from './rule-kind';
import { type RuleSlot, slotOf, withSlot } from './rule-slot';
import { evaluate, toJson, withLocals } from './scope';

/**
 * Conditions become alarms: one raised and one cleared for each activation of (source, item, native code), however often
 * the controller repeats itself. Where the machine names each activation (`conditionId`), that name stands in the code's place.
 *
 *   Warning, Fault   raises what is not active; another level of an active one is `severity_changed`; a repeat is counted
 *   Normal           without a code clears every alarm of the item, with a code or an activation's name that one
 *   Unavailable      marks the item's alarms stale; nothing is cleared, since silence is not news
 *   with an action   tells the action of an active one and does nothing else
 *
 * More raised alarms than `maxRate`, or than one machine can mean, are a flood: told once, the rest counted, and its end
 * told with how many these were.
 */
export interface ConditionSlot extends RuleSlot {
  readonly kind: 'condition';
  /** Evaluation times of the last new alarms, told or not: one more than the rate allows, Unix ms. */
  readonly raises: readonly number[];
  readonly flood: Flood | null;
}

interface Flood {
  readonly because: 'rate' | 'room';
  readonly since: Moment;
  readonly suppressed: number;
}

const EMPTY: ConditionSlot = { kind: 'condition', raises: [], flood: null };

export const conditionRule: RuleKind<ConditionRule> = {
  onTime: (state, rule, context) => endFlood(state, rule, context),

  onSignal: (state, rule, context) => {
    const { heard } = context;
    if (heard.kind !== 'condition' || !isOfSource(context.mapping, rule.source, heard.signal.source)) return state;
    const condition = readConditionValue(heard.signal.value);
    return condition === null ? state : applyCondition(state, rule, heard.signal, condition, context);
  },

  nextDue: (state, rule) => {
    const slot = slotOf<ConditionSlot>(state, rule);
    return slot?.flood?.because === 'rate' && rule.maxRate !== null
      ? (slot.raises[0] ?? slot.flood.since.at) + rule.maxRate.perMs
      : null;
  },
};

const applyCondition = (
  state: MachineState,
  rule: ConditionRule,
  signal: Signal,
  condition: ConditionValue,
  context: RuleContext,
): MachineState => {
  const { path: item, source } = signal;
  const identified = keyOf(state, rule, signal, condition, context);
  if (identified.key === null) return identified.state;
  const { key } = identified;
  if (condition.action !== undefined)
    return markAlarm(state, rule, alarmKey(rule, source, key), condition.action, context);
  switch (condition.level) {
    case 'UNAVAILABLE':
      return markAlarmsStale(
        state,
        (alarm) => alarm.rule === rule.id && alarm.item === item && alarm.source === source,
      );
    case 'NORMAL':
      return clear(state, rule, signal, condition, key, context);
    case 'WARNING':
    case 'FAULT': {
      const severity = condition.level === 'FAULT' ? 'fault' : 'warning';
      const { nativeCode: code, text, conditionId } = condition;
      const named = conditionId === undefined ? {} : { conditionId: boundedCode(conditionId) };
      const said = { key, source, item, code, severity, text, ...named } as const;
      return raise(underItsName(state, rule, said), rule, said, context);
    }
  }
};

/** Identity of an alarm within its source, or none where the expression fails: then the rule is frozen. */
const keyOf = (
  state: MachineState,
  rule: ConditionRule,
  signal: Signal,
  condition: ConditionValue,
  context: RuleContext,
): { readonly key: string; readonly state: MachineState } | { readonly key: null; readonly state: MachineState } => {
  if (rule.key === null) return { key: `${signal.path}/${condition.conditionId ?? condition.nativeCode}`, state };
  const { nativeCode, nativeSeverity, qualifier } = condition;
  const locals = { item: signal.path, nativeCode, nativeSeverity, qualifier };
  const evaluated = evaluate(rule.key, withLocals(context.scope, locals), state);
  return evaluated.kind === 'failed' ? { key: null, state: evaluated.state } : { key: keyText(evaluated.value), state };
};

/** An object has no text of its own, or one that is no text (`{"toString": 1}`). */
const keyText = (value: ExpressionValue): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(toJson(value)) : String(value);

/** An alarm that a release raised which kept no names, and knew it by item and code: from here on it is known by its name. */
const underItsName = (state: MachineState, rule: ConditionRule, said: RaisedAlarm): MachineState => {
  const { key, source, item, code, conditionId } = said;
  if (rule.key !== null || conditionId === undefined) return state;
  const [place, former] = [alarmKey(rule, source, key), alarmKey(rule, source, `${item}/${code}`)];
  const alarm = alarmAt(state, former);
  if (alarm === null || alarm.item !== item || alarm.conditionId !== undefined || alarmAt(state, place) !== null)
    return state;
  // Its place among the others is kept: they are cleared in the order in which they were raised.
  const alarms = Object.entries(state.alarms).map(([at, one]) =>
    at === former ? [place, { ...alarm, conditionId }] : [at, one],
  );
  return { ...state, alarms: Object.fromEntries(alarms) };
};

const raise = (state: MachineState, rule: ConditionRule, said: RaisedAlarm, context: RuleContext): MachineState => {
  if (alarmAt(state, alarmKey(rule, said.source, said.key)) !== null) return raiseAlarm(state, rule, said, context);
  const slot = slotOf<ConditionSlot>(state, rule) ?? EMPTY;
  const most = rule.maxRate === null ? 0 : Math.min(rule.maxRate.count, STATE_LIMITS.raises);
  const raises = rule.maxRate === null ? slot.raises : [...slot.raises, context.at].slice(-(most + 1));
  const tooFast = rule.maxRate !== null && raises.length > most && raises[0]! > context.at - rule.maxRate.perMs;
  const known = rule.maxRate === null ? state : withSlot<ConditionSlot>(state, rule, { ...slot, raises });
  if (!tooFast && hasRoomForAlarm(state)) return raiseAlarm(known, rule, said, context);
  return flood(known, rule, tooFast ? 'rate' : 'room', context);
};

const flood = (
  state: MachineState,
  rule: ConditionRule,
  because: Flood['because'],
  context: RuleContext,
): MachineState => {
  const slot = slotOf<ConditionSlot>(state, rule) ?? EMPTY;
  if (slot.flood === null && rule.emit !== null)
    context.emit({
      rule: 'flood',
      type: 'machine.alarm_flood',
      moment: context.moment,
      data: {
        machine: state.machine,
        active: Object.keys(state.alarms).length,
        since: context.moment.time,
        status: 'begun',
      },
    });
  const flood: Flood = slot.flood ?? { because, since: context.moment, suppressed: 0 };
  const more = { ...flood, suppressed: flood.suppressed + 1 };
  return counted(withSlot<ConditionSlot>(state, rule, { ...slot, flood: more }), 'alarmsSuppressed');
};

const endFlood = (state: MachineState, rule: ConditionRule, context: RuleContext): MachineState => {
  const slot = slotOf<ConditionSlot>(state, rule);
  if (slot === null || slot.flood === null) return state;
  const { flood, raises } = slot;
  const goesOn =
    flood.because === 'room'
      ? !hasRoomForAlarm(state)
      : rule.maxRate !== null && raises.length > 0 && raises[0]! > context.at - rule.maxRate.perMs;
  if (goesOn) return state;
  if (rule.emit !== null)
    context.emit({
      rule: 'flood',
      type: 'machine.alarm_flood',
      moment: context.moment,
      data: {
        machine: state.machine,
        active: Object.keys(state.alarms).length,
        since: flood.since.time,
        status: 'ended',
        suppressed: flood.suppressed,
        durationSeconds: elapsedSeconds(flood.since, context.moment),
      },
    });
  return withSlot<ConditionSlot>(state, rule, { ...slot, flood: null });
};

const clear = (
  state: MachineState,
  rule: ConditionRule,
  signal: Signal,
  condition: ConditionValue,
  key: string,
  context: RuleContext,
): MachineState => {
  const code = boundedCode(condition.nativeCode);
  const named = condition.conditionId === undefined ? null : boundedCode(condition.conditionId);
  const isMeant = (alarm: ActiveAlarm): boolean => {
    if (named !== null && alarm.conditionId !== undefined) return alarm.conditionId === named;
    if (code !== '' && alarm.code === code) return true;
    // By its name alone one is meant, too, that a release raised which kept no names: its code is `code:name`.
    if (named !== null) return (code === '' || code === named) && alarm.code.endsWith(`:${named}`);
    return code === '' && (rule.clearOnEmptyCode || alarm.code === '');
  };
  const one = alarmKey(rule, signal.source, key);
  const again = signal.flags.includes('snapshot') && !rule.reconnectNormalClears;
  const keys = Object.entries(state.alarms)
    .filter(
      ([place, alarm]) =>
        alarm.rule === rule.id &&
        alarm.source === signal.source &&
        alarm.item === signal.path &&
        (place === one || isMeant(alarm)) &&
        !(again && alarm.stale),
    )
    .map(([place]) => place);
  if (keys.length === 0) return counted(state, 'normalsWithNothingActive');
  return endFlood(clearAlarms(state, rule, keys, context), rule, context);
};
