import { createHash } from 'node:crypto';
import { idFromSignal } from '../signal/machine-event';
import {
  type ActiveAlarm,
  type AlarmMark,
  type AlarmSeverity,
  counted,
  type MachineState,
  STATE_LIMITS,
} from '../signal/machine-state';
import type { ConditionAction } from '../signal/signal';
import { elapsedSeconds, type Moment } from '../signal/signal-time';
import type { Rule } from './mapping';
import type { RuleContext } from './rule-kind';

/**
 * The alarms of a machine that stand: one raised and one cleared for each activation, however often it is repeated. What
 * operators do with an alarm (acknowledge, shelve, suppress) is told beside it and ends nothing.
 */
type Telling = Pick<RuleContext, 'emit' | 'moment' | 'position'>;
type Teller = Pick<Rule, 'id' | 'emit'>;

export interface RaisedAlarm {
  /** Identity within the rule. */
  readonly key: string;
  readonly source: string;
  readonly item: string;
  readonly code: string;
  readonly conditionId?: string;
  readonly severity: AlarmSeverity;
  readonly text: string;
}

const plain = (text: string, length: number): string => text.slice(0, length).replace(/[\u0000-\u001f]/g, ' ');

/** A machine's code as an alarm keeps it. */
export const boundedCode = (code: string): string => plain(code, STATE_LIMITS.alarmCode);

/** Place of an alarm in `state.alarms`. */
export const alarmKey = (rule: Pick<Rule, 'id'>, source: string, key: string): string => {
  const text = `${rule.id}\n${source}\n${key}`;
  return text.length <= 192 ? text : createHash('sha256').update(text).digest('hex');
};

export const alarmAt = (state: MachineState, key: string): ActiveAlarm | null =>
  Object.hasOwn(state.alarms, key) ? state.alarms[key]! : null;

export const hasRoomForAlarm = (state: MachineState): boolean => Object.keys(state.alarms).length < STATE_LIMITS.alarms;

/**
 * Raises what does not stand, tells another severity of what does, and counts a repeat; either way it is stale no more.
 * `moment` is when it began.
 */
export const raiseAlarm = (
  state: MachineState,
  rule: Teller,
  said: RaisedAlarm,
  context: Telling,
  moment: Moment = context.moment,
): MachineState => {
  const key = alarmKey(rule, said.source, said.key);
  const active = alarmAt(state, key);
  const text = plain(said.text.trim(), STATE_LIMITS.alarmText);
  if (active === null) {
    if (!hasRoomForAlarm(state)) return counted(state, 'alarmsSuppressed');
    const alarm: ActiveAlarm = {
      id: idFromSignal('alm', state.tenant, state.machine, context.position, said.key),
      rule: rule.id,
      source: said.source,
      item: said.item,
      code: boundedCode(said.code),
      ...(said.conditionId !== undefined && { conditionId: said.conditionId }),
      severity: said.severity,
      text,
      raised: moment,
      stale: false,
      marks: [],
    };
    tell(state, rule, alarm, 'raised', context, moment);
    return { ...state, alarms: { ...state.alarms, [key]: alarm } };
  }
  const again: ActiveAlarm = { ...active, stale: false, severity: said.severity, text: text || active.text };
  const kept = { ...state, alarms: { ...state.alarms, [key]: again } };
  if (active.severity === said.severity) return counted(kept, 'alarmsSuppressed');
  tell(state, rule, again, 'severity_changed', context, moment, {
    previousSeverity: active.severity,
  });
  return kept;
};

/** Clears these; the order is that in which they were raised. */
export const clearAlarms = (
  state: MachineState,
  rule: Teller,
  keys: readonly string[],
  context: Telling,
  moment: Moment = context.moment,
  more: { readonly [member: string]: unknown } = {},
): MachineState => {
  const alarms = { ...state.alarms };
  for (const key of keys) {
    const alarm = alarmAt(state, key);
    if (alarm === null) continue;
    delete alarms[key];
    const durationSeconds = elapsedSeconds(alarm.raised, moment);
    tell(state, rule, alarm, 'cleared', context, moment, { durationSeconds, ...more });
  }
  return { ...state, alarms };
};

/** Marks alarms stale that are not yet; each counts once for an outage. */
export const markAlarmsStale = (state: MachineState, concerned: (alarm: ActiveAlarm) => boolean): MachineState => {
  const fresh = Object.entries(state.alarms).filter(([, alarm]) => !alarm.stale && concerned(alarm));
  if (fresh.length === 0) return state;
  const alarms = { ...state.alarms };
  for (const [key, alarm] of fresh) alarms[key] = { ...alarm, stale: true };
  return counted({ ...state, alarms }, 'alarmsMarkedStale', fresh.length);
};

/** A stale alarm is heard of again, without news. */
export const freshenAlarm = (state: MachineState, key: string): MachineState => {
  const alarm = alarmAt(state, key);
  return alarm === null || !alarm.stale
    ? state
    : { ...state, alarms: { ...state.alarms, [key]: { ...alarm, stale: false } } };
};

const MARKS: { readonly [action in ConditionAction]: { readonly mark: AlarmMark; readonly set: boolean } } = {
  acknowledged: { mark: 'acknowledged', set: true },
  confirmed: { mark: 'confirmed', set: true },
  shelved: { mark: 'shelved', set: true },
  unshelved: { mark: 'shelved', set: false },
  suppressed: { mark: 'suppressed', set: true },
  unsuppressed: { mark: 'suppressed', set: false },
};

/** What an operator did with an alarm, told once. */
export const markAlarm = (
  state: MachineState,
  rule: Teller,
  key: string,
  action: ConditionAction,
  context: Telling,
): MachineState => {
  const alarm = alarmAt(state, key);
  if (alarm === null) return counted(state, 'actionsWithNothingActive');
  const { mark, set } = MARKS[action];
  if (alarm.marks.includes(mark) === set) return counted(state, 'alarmsSuppressed');
  const marks = set ? [...alarm.marks, mark] : alarm.marks.filter((one) => one !== mark);
  const marked = { ...alarm, marks };
  tell(state, rule, marked, action, context, context.moment);
  return { ...state, alarms: { ...state.alarms, [key]: marked } };
};

const tell = (
  state: MachineState,
  rule: Teller,
  alarm: ActiveAlarm,
  status: string,
  context: Telling,
  moment: Moment,
  more: { readonly [member: string]: unknown } = {},
): void => {
  if (rule.emit === null) return;
  context.emit({
    rule: rule.id,
    type: rule.emit,
    moment,
    data: {
      machine: state.machine,
      alarmId: alarm.id,
      status,
      item: alarm.item,
      code: alarm.code,
      severity: alarm.severity,
      text: alarm.text,
      raisedAt: alarm.raised.time,
      since: moment.time,
      ...more,
    },
  });
};
