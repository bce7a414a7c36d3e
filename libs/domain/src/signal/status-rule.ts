import type { Emit } from './machine-event';
import type { MachineMapping } from './machine-mapping';
import { type MachineState, STATE_LIMITS } from './machine-state';
import type { MachineStatus } from './machine-status';
import { type Signal, UNAVAILABLE, UNAVAILABLE_CODE } from './signal';
import { elapsedSeconds, type Moment } from './signal-time';

/**
 * The machine's status by its execution state, in arrival order. Emits on a change against the last emitted status, the
 * first one included. A value that the mapping does not know keeps the status and is told once (`ingest.unmapped_value`).
 */
export const changeStatus = (
  state: MachineState,
  next: { current: MachineStatus; reason: string; sourceState: string | null; quality: Signal['quality'] },
  moment: Moment,
  emit: Emit,
): MachineState => {
  const previous = state.status;
  if (previous.current === next.current)
    return previous.sourceState === next.sourceState
      ? state
      : { ...state, status: { ...previous, sourceState: next.sourceState } };
  emit({
    rule: 'status',
    type: 'machine.status_changed',
    moment,
    data: {
      machine: state.machine,
      previous: previous.current,
      current: next.current,
      since: moment.time,
      previousSeconds: previous.since === null ? null : elapsedSeconds(previous.since, moment),
      reason: next.reason,
      sourceState: next.sourceState,
      quality: next.quality,
    },
  });
  return { ...state, status: { ...next, since: moment } };
};

/** The word that a signal says, or null when it says nothing that can be used (bad quality freezes the rule). */
export const wordOf = (signal: Signal): string | null => {
  if (signal.qualityCode === UNAVAILABLE_CODE) return UNAVAILABLE;
  if (signal.value === null || typeof signal.value === 'object') return null;
  if (signal.quality === 'bad' || signal.quality === 'stale') return null;
  return String(signal.value).trim();
};

export const applyExecution = (
  state: MachineState,
  signal: Signal,
  moment: Moment,
  mapping: MachineMapping,
  emit: Emit,
): MachineState => {
  const word = wordOf(signal);
  if (word === null) return state;
  const upper = word.toUpperCase();
  const current = Object.hasOwn(mapping.status.map, upper) ? mapping.status.map[upper] : undefined;
  if (current === undefined) return unmapped(state, signal, word, moment, emit);
  const heard = { ...state, execution: upper };
  if (!state.available && current !== 'offline') return heard;
  return changeStatus(
    heard,
    { current, reason: 'execution', sourceState: upper, quality: signal.quality },
    moment,
    emit,
  );
};

/** AVAILABLE brings back what execution last said; UNAVAILABLE overrules it. */
export const applyAvailability = (
  state: MachineState,
  signal: Signal,
  moment: Moment,
  mapping: MachineMapping,
  emit: Emit,
): MachineState => {
  const word = wordOf(signal);
  if (word === null) return state;
  const available = word.toUpperCase() !== UNAVAILABLE;
  const heard = { ...state, available };
  if (!available) {
    const offline = { current: 'offline', reason: 'availability', sourceState: UNAVAILABLE, quality: 'stale' } as const;
    return changeStatus(heard, offline, moment, emit);
  }
  if (state.available || state.execution === null) return heard;
  const current = mapping.status.map[state.execution];
  return current === undefined
    ? heard
    : changeStatus(
        heard,
        { current, reason: 'availability', sourceState: state.execution, quality: signal.quality },
        moment,
        emit,
      );
};

const unmapped = (state: MachineState, signal: Signal, word: string, moment: Moment, emit: Emit): MachineState => {
  const counted = { ...state, counts: { ...state.counts, unmapped: state.counts.unmapped + 1 } };
  const value = word.slice(0, 128);
  const known = `${signal.path}=${value}`;
  if (state.unmapped.includes(known) || state.unmapped.length >= STATE_LIMITS.unmapped) return counted;
  emit({
    rule: 'unmapped',
    type: 'ingest.unmapped_value',
    moment,
    data: { machine: state.machine, path: signal.path, value, status: state.status.current },
  });
  return { ...counted, unmapped: [...state.unmapped, known] };
};
