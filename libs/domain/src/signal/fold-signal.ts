import { createHash } from 'node:crypto';
import type { Event } from '../event/event';
import { settingsOfSource } from '../machine-rules/alias-lookup';
import { applyMissing, applySignal } from '../machine-rules/apply-signal';
import { changeMapping, readMappingChange } from '../machine-rules/change-mapping';
import { DEFAULT_MAPPING } from '../machine-rules/default-mapping';
import type { Mapping } from '../machine-rules/mapping';
import { rulesDue } from '../machine-rules/rule-kinds';
import { openWindow, seeInWindow } from './duplicate-window';
import { type EventDraft, machineEvent, type SignalPosition } from './machine-event';
import { counted, type MachineState, type MappingInForce, type SessionState, STATE_LIMITS } from './machine-state';
import { admit, overdue, reorderDue } from './reorder-buffer';
import type { Signal } from './signal';
import { momentOf } from './signal-time';

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

/** The compiled mapping of a hash, or null while it is not there. */
export type MappingByHash = (hash: string) => Mapping | null;

/**
 * The mapping that this machine's signals are to be read by is not there (yet). Nothing was folded: the caller waits for
 * it and folds the same signal again.
 */
export class MappingMissing extends Error {
  override readonly name = 'MappingMissing';
  constructor(
    readonly machine: string,
    readonly mapping: MappingInForce,
  ) {
    super(
      `The mapping ${mapping.name} version ${mapping.version} (${mapping.hash}) of machine ${machine} is not known here; ` +
        'its signals wait for it.',
    );
  }
}

/** Throws MappingMissing, and nothing else whatever a signal holds. */
export const foldSignal = (
  state: MachineState,
  signal: Signal,
  position: SignalPosition,
  mappingByHash: MappingByHash,
  traceparent: string | null = null,
): Folded => {
  if (alreadyFolded(state, position)) return { state, events: [] };
  const mapping = mappingInForce(state, mappingByHash);
  const at = Math.max(state.at, Date.parse(signal.at));
  const memory = rememberSignal(state, signal, at);
  const seen: MachineState = {
    ...state,
    ...memory,
    position: { partition: position.partition, offset: String(position.offset) },
    played: isPlayed(state, signal, position),
    counts: { ...state.counts, signals: state.counts.signals + 1 },
  };
  if (memory === null) return { state: counted(seen, 'duplicates'), events: [] };
  const drafts: EventDraft[] = [];
  const emit = (draft: EventDraft) => void drafts.push(draft);
  const next =
    signal.path === '$config'
      ? configure(seen, signal, position, mapping, mappingByHash, emit)
      : takeTurns(seen, signal, at, position, mapping, emit);
  return {
    state: next,
    events: drafts.map((draft, n) => machineEvent(state.tenant, state.machine, position, n, draft, traceparent)),
  };
};

/** A source that waits for Kafka is behind by its outage; a recording by days. */
const PLAYED_AFTER_MS = 12 * 3_600_000;

/** What Millrace itself writes has the time of the wall clock, and says nothing of the machine's. */
const isPlayed = ({ played }: MachineState, { path, at }: Signal, { timestamp }: SignalPosition): boolean =>
  timestamp === undefined || path === '$config' || path === '$tick'
    ? played
    : timestamp - Date.parse(at) > PLAYED_AFTER_MS;

/** These sources put in order what they read and tell what is missing; the numbers of one machine have holes. A tick has
 * none that anything waits for. */
const ORDERED_AT_THE_SOURCE: readonly Signal['raw']['proto'][] = ['spb', 'mqtt', 'mtc', 'ua', 'millrace'];

/** The signal, or those that it lets go on, each in its turn. */
const takeTurns = (
  state: MachineState,
  signal: Signal,
  at: number,
  position: SignalPosition,
  mapping: Mapping,
  emit: (draft: EventDraft) => void,
): MachineState => {
  const reorder = ORDERED_AT_THE_SOURCE.includes(signal.raw.proto)
    ? null
    : settingsOfSource(mapping, signal.source).reorder;
  if (reorder === null && holdsNothing(state))
    return applySignal(state, signal, { mapping, position, emit, late: false });
  const waited = overdue(state, at);
  const admitted = admit(waited.state, signal, reorder, at);
  const ready = [...waited.ready, ...admitted.ready];
  // A signal that waits for its turn brings time all the same.
  if (ready.length === 0) return applySignal(admitted.state, tickOf(signal), { mapping, position, emit, late: false });
  let next = admitted.state;
  ready.forEach((one, nth) => {
    const late = one.kind === 'signal' && one.late;
    const turn = { mapping, position: nth === 0 ? position : { ...position, nth }, emit, late };
    next =
      one.kind === 'gap'
        ? applyMissing({ ...next, at: Math.max(next.at, at) }, one.of, one.lost, turn)
        : applySignal(next, one.signal, turn);
  });
  return next;
};

const holdsNothing = ({ reorder }: MachineState): boolean => {
  for (const _ in reorder) return false;
  return true;
};

const tickOf = (signal: Signal): Signal => ({
  ...signal,
  path: '$tick',
  kind: 'lifecycle',
  value: null,
  sourceTs: null,
  flags: [],
});

/** The state already holds this record: it was read again after a restart between the state's write and the commit. */
export const alreadyFolded = (state: MachineState, position: SignalPosition): boolean =>
  state.position !== null &&
  state.position.partition === position.partition &&
  BigInt(state.position.offset) >= position.offset;

/** Throws MappingMissing. */
export const mappingInForce = (state: MachineState, mappingByHash: MappingByHash): Mapping =>
  state.config === null ? DEFAULT_MAPPING : found(state.machine, state.config, mappingByHash);

const found = (machine: string, name: MappingInForce, mappingByHash: MappingByHash): Mapping => {
  const mapping = mappingByHash(name.hash);
  if (mapping === null) throw new MappingMissing(machine, name);
  return mapping;
};

/** Evaluation time at which something of this machine is due by itself, Unix ms; null when nothing is. */
export const nextDue = (state: MachineState, mapping: Mapping): number | null => {
  let due = rulesDue(state, mapping);
  for (const other of [state.staleDue, reorderDue(state)])
    if (other !== null && (due === null || other < due)) due = other;
  return due;
};

const configure = (
  state: MachineState,
  signal: Signal,
  position: SignalPosition,
  from: Mapping,
  mappingByHash: MappingByHash,
  emit: (draft: EventDraft) => void,
): MachineState => {
  const change = readMappingChange(signal);
  if (change === null) return state;
  const to = change.to === null ? DEFAULT_MAPPING : found(state.machine, change.to, mappingByHash);
  // A machine that nobody has heard yet may be one whose recording is played: its time begins with its first signal.
  const timeless = state.at === 0 || state.played;
  const at = timeless ? state.at : Math.max(state.at, Date.parse(signal.at));
  const timed = timeless ? state : applySignal(state, tickOf(signal), { mapping: from, position, emit, late: false });
  const moment = momentOf({ ...signal, sourceTs: null }, at);
  return changeMapping(timed, { from, to, name: change.to }, { emit, moment, position });
};

/** What of the state notes the signal as seen, or null for a duplicate. */
const rememberSignal = (
  state: MachineState,
  signal: Signal,
  at: number,
): Partial<Pick<MachineState, 'sessions' | 'lastOfPath'>> | null => {
  if (signal.seq !== null) {
    const key = `${signal.source}\n${signal.session}\n${signal.idx ?? 0}`;
    const session = Object.hasOwn(state.sessions, key) ? state.sessions[key]! : null;
    const window = session === null ? openWindow(signal.seq) : seeInWindow(session.window, signal.seq);
    return window === null ? null : { sessions: withRoom(state.sessions, key, { window, at }, session === null) };
  }
  if (signal.sourceTs === null) return {};
  const key = short(`${signal.source}\n${signal.path}`);
  const said = short(`${signal.sourceTs}\n${signal.quality}\n${JSON.stringify(signal.value)}`);
  if (Object.hasOwn(state.lastOfPath, key) && state.lastOfPath[key] === said) return null;
  const lastOfPath = { ...state.lastOfPath };
  delete lastOfPath[key];
  lastOfPath[key] = said;
  const [oldest] = Object.keys(lastOfPath);
  if (oldest !== undefined && Object.keys(lastOfPath).length > STATE_LIMITS.paths) delete lastOfPath[oldest];
  return { lastOfPath };
};

/** The text itself, or a hash of a long one. */
const short = (text: string): string => (text.length <= 96 ? text : createHash('sha256').update(text).digest('hex'));

const withRoom = (
  sessions: MachineState['sessions'],
  key: string,
  session: SessionState,
  isNew: boolean,
): MachineState['sessions'] => {
  const next = { ...sessions, [key]: session };
  if (!isNew) return next;
  const keys = Object.keys(next);
  if (keys.length <= STATE_LIMITS.sessions) return next;
  const oldest = keys.reduce((a, b) => (next[a]!.at <= next[b]!.at ? a : b));
  delete next[oldest];
  return next;
};
