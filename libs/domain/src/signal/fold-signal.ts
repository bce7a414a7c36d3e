import { createHash } from 'node:crypto';
import type { Event } from '../event/event';
import { applyCondition, markStale } from './condition-rule';
import { applyCounter } from './counter-rule';
import { openWindow, seeInWindow } from './duplicate-window';
import { type EventDraft, machineEvent, type SignalPosition } from './machine-event';
import { type MachineMapping, type Role, roleOfPath } from './machine-mapping';
import { type MachineState, type SessionState, STATE_LIMITS } from './machine-state';
import { closeDueRuns, followStatus } from './run-rule';
import type { Signal } from './signal';
import { type Moment, momentOf } from './signal-time';
import { applyAvailability, applyExecution, changeStatus, wordOf } from './status-rule';

/**
 * One signal of one machine, folded: the next state, and the events that follow from it.
 *
 * Signals are taken in the order in which Kafka holds them, never by their stamps: an agent stamps a value before others
 * that the adapter sent earlier. There is no clock here: time is `at` of the signals (a `$tick` brings it where a timer
 * runs and the machine is silent), so a replay gives the same events with the same ids.
 */
export interface Folded {
  readonly state: MachineState;
  readonly events: readonly Event[];
}

export const foldSignal = (
  state: MachineState,
  signal: Signal,
  position: SignalPosition,
  mapping: MachineMapping,
  traceparent: string | null = null,
): Folded => {
  if (alreadyFolded(state, position)) return { state, events: [] };
  const placed = {
    ...state,
    position: { partition: position.partition, offset: String(position.offset) },
    counts: { ...state.counts, signals: state.counts.signals + 1 },
  };
  const seen = rememberSignal(placed, signal);
  if (seen === null)
    return {
      state: { ...placed, counts: { ...placed.counts, duplicates: placed.counts.duplicates + 1 } },
      events: [],
    };
  const drafts: EventDraft[] = [];
  const next = applyRules(seen, signal, position, mapping, (draft) => drafts.push(draft));
  return {
    state: next,
    events: drafts.map((draft, n) => machineEvent(state.tenant, state.machine, position, n, draft, traceparent)),
  };
};

/** The state already holds this record: it was read again after a restart between the state's write and the commit. */
export const alreadyFolded = (state: MachineState, position: SignalPosition): boolean =>
  state.position !== null &&
  state.position.partition === position.partition &&
  BigInt(state.position.offset) >= position.offset;

const applyRules = (
  state: MachineState,
  signal: Signal,
  position: SignalPosition,
  mapping: MachineMapping,
  emit: (draft: EventDraft) => void,
): MachineState => {
  if (signal.flags.includes('historical'))
    return { ...state, counts: { ...state.counts, historical: state.counts.historical + 1 } };
  const at = Math.max(state.at, Date.parse(signal.at));
  const moment = momentOf(signal, at);
  const closed = closeDueRuns({ ...state, at }, moment, mapping, emit);
  if (signal.path === '$tick') return closed;
  const suspect = signal.sourceTs !== null && moment.clock === null;
  const known: MachineState = {
    ...closed,
    lastSignal: { path: signal.path, source: signal.source, moment },
    counts: suspect ? { ...closed.counts, clockSuspect: closed.counts.clockSuspect + 1 } : closed.counts,
  };
  if (signal.path === '$lifecycle') {
    const after = applyLifecycle(known, signal, moment, emit);
    return followStatus(known, after, moment, mapping, position, emit);
  }
  if (signal.kind === 'condition') return applyCondition(known, signal, moment, position, emit);
  const role = roleOfPath(mapping, signal.path);
  if (role === null) return known;
  const bound = bind(known, role, signal.path);
  if (bound === null) return known;
  const after = applyRole(bound, role, signal, moment, mapping, emit);
  return followStatus(known, after, moment, mapping, position, emit);
};

const applyRole = (
  state: MachineState,
  role: Role,
  signal: Signal,
  moment: Moment,
  mapping: MachineMapping,
  emit: (draft: EventDraft) => void,
): MachineState => {
  switch (role) {
    case 'execution':
      return applyExecution(state, signal, moment, mapping, emit);
    case 'availability':
      return applyAvailability(state, signal, moment, mapping, emit);
    case 'counter':
      return applyCounter(state, signal, moment, mapping, emit);
    case 'program': {
      const program = signal.value === null ? null : wordOf(signal);
      if (program === null) return state;
      const named = program.slice(0, 256);
      return {
        ...state,
        program: named,
        run: state.run !== null && state.run.program === null ? { ...state.run, program: named } : state.run,
      };
    }
  }
};

/** The source lost the machine, or has it again. Silence of the source is written into the log, so that the rules see it. */
const applyLifecycle = (
  state: MachineState,
  signal: Signal,
  moment: Moment,
  emit: (draft: EventDraft) => void,
): MachineState => {
  if (signal.value !== 'disconnected') return state;
  const stale = markStale(state, (alarm) => alarm.source === signal.source);
  const offline = { current: 'offline', reason: 'connection_lost', sourceState: null, quality: 'stale' } as const;
  return changeStatus({ ...stale, execution: null }, offline, moment, emit);
};

const bind = (state: MachineState, role: Role, path: string): MachineState | null => {
  const bound = state.bound[role];
  if (bound === undefined) return { ...state, bound: { ...state.bound, [role]: path } };
  return bound === path ? state : null;
};

/** The state with the signal noted as seen, or null for a duplicate. */
const rememberSignal = (state: MachineState, signal: Signal): MachineState | null => {
  const at = Math.max(state.at, Date.parse(signal.at));
  if (signal.seq !== null) {
    const key = `${signal.source}\n${signal.session}\n${signal.idx ?? 0}`;
    const session = state.sessions[key];
    const window = session === undefined ? openWindow(signal.seq) : seeInWindow(session.window, signal.seq);
    return window === null ? null : { ...state, sessions: withRoom(state.sessions, key, { window, at }) };
  }
  if (signal.sourceTs === null) return state;
  const key = `${signal.source}\n${signal.path}`;
  const said = short(`${signal.sourceTs}\n${signal.quality}\n${JSON.stringify(signal.value)}`);
  if (state.lastOfPath[key] === said) return null;
  const lastOfPath = { ...state.lastOfPath };
  delete lastOfPath[key];
  lastOfPath[key] = said;
  const [oldest] = Object.keys(lastOfPath);
  if (oldest !== undefined && Object.keys(lastOfPath).length > STATE_LIMITS.paths) delete lastOfPath[oldest];
  return { ...state, lastOfPath };
};

/** The text itself, or a hash of a long one. */
const short = (text: string): string => (text.length <= 96 ? text : createHash('sha256').update(text).digest('hex'));

const withRoom = (sessions: MachineState['sessions'], key: string, session: SessionState): MachineState['sessions'] => {
  const next = { ...sessions, [key]: session };
  const keys = Object.keys(next);
  if (keys.length <= STATE_LIMITS.sessions) return next;
  const oldest = keys.reduce((a, b) => (next[a]!.at <= next[b]!.at ? a : b));
  delete next[oldest];
  return next;
};
