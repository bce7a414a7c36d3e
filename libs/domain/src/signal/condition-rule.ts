import { type Emit, idFromSignal, type SignalPosition } from './machine-event';
import { type ActiveAlarm, type AlarmSeverity, type MachineState, STATE_LIMITS } from './machine-state';
import { readConditionValue, type Signal } from './signal';
import { elapsedSeconds, type Moment } from './signal-time';

/**
 * Conditions become alarms: one raised and one cleared for each activation of (item, native code), however often the
 * controller repeats itself.
 *
 *   Warning, Fault   raises what is not active; another level of an active one is `severity_changed`; a repeat is counted
 *   Normal           without a code clears every alarm of the item, with a code that one
 *   Unavailable      marks the item's alarms stale; nothing is cleared, since silence is not news
 */
export const applyCondition = (
  state: MachineState,
  signal: Signal,
  moment: Moment,
  position: SignalPosition,
  emit: Emit,
): MachineState => {
  const condition = readConditionValue(signal.value);
  if (condition === null) return state;
  const item = signal.path;
  switch (condition.level) {
    case 'UNAVAILABLE':
      return markStale(state, (alarm) => alarm.item === item && alarm.source === signal.source);
    case 'NORMAL':
      return clear(state, item, condition.nativeCode, moment, emit);
    case 'WARNING':
      return raise(state, signal, { ...condition, severity: 'warning' }, moment, position, emit);
    case 'FAULT':
      return raise(state, signal, { ...condition, severity: 'fault' }, moment, position, emit);
  }
};

const keyOf = (item: string, code: string): string => `${item}/${code}`;

const alarmData = (machine: string, alarm: ActiveAlarm, status: string, moment: Moment) => ({
  machine,
  alarmId: alarm.id,
  status,
  item: alarm.item,
  code: alarm.code,
  severity: alarm.severity,
  text: alarm.text,
  raisedAt: alarm.raised.time,
  since: moment.time,
});

const raise = (
  state: MachineState,
  signal: Signal,
  said: { nativeCode: string; text: string; severity: AlarmSeverity },
  moment: Moment,
  position: SignalPosition,
  emit: Emit,
): MachineState => {
  const key = keyOf(signal.path, said.nativeCode);
  const active = Object.hasOwn(state.alarms, key) ? state.alarms[key] : undefined;
  const text = said.text.trim().slice(0, STATE_LIMITS.alarmText);
  if (active === undefined) {
    if (Object.keys(state.alarms).length >= STATE_LIMITS.alarms) return flood(state, moment, emit);
    const alarm: ActiveAlarm = {
      id: idFromSignal('alm', state.tenant, state.machine, position, key),
      source: signal.source,
      item: signal.path,
      code: said.nativeCode,
      severity: said.severity,
      text,
      raised: moment,
      stale: false,
    };
    emit({
      rule: 'condition',
      type: 'machine.alarm',
      moment,
      data: alarmData(state.machine, alarm, 'raised', moment),
    });
    return { ...state, alarms: { ...state.alarms, [key]: alarm } };
  }
  const again: ActiveAlarm = { ...active, stale: false, severity: said.severity, text: text || active.text };
  const alarms = { ...state.alarms, [key]: again };
  if (active.severity === said.severity)
    return { ...state, alarms, counts: { ...state.counts, alarmsSuppressed: state.counts.alarmsSuppressed + 1 } };
  emit({
    rule: 'condition',
    type: 'machine.alarm',
    moment,
    data: {
      ...alarmData(state.machine, again, 'severity_changed', moment),
      previousSeverity: active.severity,
    },
  });
  return { ...state, alarms };
};

/** More alarms than one machine can mean: told once, the rest counted, until some are cleared. */
const flood = (state: MachineState, moment: Moment, emit: Emit): MachineState => {
  if (!state.alarmFlood)
    emit({
      rule: 'flood',
      type: 'machine.alarm_flood',
      moment,
      data: { machine: state.machine, active: STATE_LIMITS.alarms, since: moment.time },
    });
  return {
    ...state,
    alarmFlood: true,
    counts: { ...state.counts, alarmsSuppressed: state.counts.alarmsSuppressed + 1 },
  };
};

const clear = (state: MachineState, item: string, code: string, moment: Moment, emit: Emit): MachineState => {
  const cleared = Object.entries(state.alarms).filter(
    ([, alarm]) => alarm.item === item && (code === '' || alarm.code === code),
  );
  if (cleared.length === 0)
    return {
      ...state,
      counts: { ...state.counts, normalsWithNothingActive: state.counts.normalsWithNothingActive + 1 },
    };
  const alarms = { ...state.alarms };
  for (const [key, alarm] of cleared) {
    delete alarms[key];
    emit({
      rule: 'condition',
      type: 'machine.alarm',
      moment,
      data: {
        ...alarmData(state.machine, alarm, 'cleared', moment),
        durationSeconds: elapsedSeconds(alarm.raised, moment),
      },
    });
  }
  return { ...state, alarms, alarmFlood: false };
};

/** Marks alarms stale that are not yet; each counts once for an outage. */
export const markStale = (state: MachineState, concerned: (alarm: ActiveAlarm) => boolean): MachineState => {
  const fresh = Object.entries(state.alarms).filter(([, alarm]) => !alarm.stale && concerned(alarm));
  if (fresh.length === 0) return state;
  const alarms = { ...state.alarms };
  for (const [key, alarm] of fresh) alarms[key] = { ...alarm, stale: true };
  return {
    ...state,
    alarms,
    counts: { ...state.counts, alarmsMarkedStale: state.counts.alarmsMarkedStale + fresh.length },
  };
};
