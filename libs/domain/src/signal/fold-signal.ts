import type { Event } from '../event/event';
import { settingsOfSource } from '../machine-rules/alias-lookup';
import { applyMissing, applySignal } from '../machine-rules/apply-signal';
import { changeMapping, readMappingChange, suspendMapping } from '../machine-rules/change-mapping';
import { DEFAULT_MAPPING } from '../machine-rules/default-mapping';
import type { Mapping } from '../machine-rules/mapping';
import { type RuleFailure, type Telling, withoutRule } from '../machine-rules/rule-failure';
import { rulesDue } from '../machine-rules/rule-kinds';
import type { Turn } from '../machine-rules/tell-rules';
import { type DuplicateWindow, openWindow, seeInWindow, WINDOW } from './duplicate-window';
import { type Heard, hearOfPath } from './last-of-path';
import { type EventDraft, machineEvent, type SignalPosition, writtenDraft } from './machine-event';
import { counted, type MachineState, type MappingInForce, type SessionState, STATE_LIMITS } from './machine-state';
import { type Mended, mendState } from './mend-state';
import { type MessageParts, openParts, seePart } from './message-parts';
import { afterRemoval, REMOVED_PATH, removeMachine } from './removed-machine';
import { type Admitted, admit, overdue, reorderDue, sessionOf } from './reorder-buffer';
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
  /** Rules that threw; the others went on. */
  readonly failures: readonly RuleFailure[];
  /** Of several signals that the record lets go on, those that could not be folded; the others went on. */
  readonly setAside: readonly SetAside[];
}

export interface SetAside {
  /** The one that was given, or one that had waited for its turn. */
  readonly signal: Signal;
  readonly error: unknown;
}

const nothingOf = (state: MachineState): Folded => ({ state, events: [], failures: [], setAside: [] });

/** The compiled mapping of a hash, or null while it is not there and may still come. */
export type MappingByHash = (hash: string) => Mapping | LostMapping | null;

/**
 * A mapping that waiting does not bring. `mapping_unreadable`: it is stored, but this release cannot read it ·
 * `mapping_unknown`: it is not stored, and nothing of it is on its way.
 */
export interface LostMapping {
  readonly lost: 'mapping_unreadable' | 'mapping_unknown';
  /** For a person: what is wrong, and where. */
  readonly detail: string;
}

const isLost = (mapping: Mapping | LostMapping): mapping is LostMapping => 'lost' in mapping;

/**
 * The mapping that this machine's signals are to be read by is not there (yet). Nothing was folded: the caller waits for
 * it and folds the same signal again.
 */
export class MappingMissing extends Error {
  override readonly name = 'MappingMissing';
  constructor(
    readonly tenant: string,
    readonly machine: string,
    readonly mapping: MappingInForce,
  ) {
    super(
      `The mapping ${mapping.name} version ${mapping.version} (${mapping.hash}) of machine ${machine} is not known here; ` +
        'its signals wait for it.',
    );
  }
}

/**
 * The mapping that this signal needs cannot be had, now or later. Nothing was folded: the caller sets the signal aside and
 * goes on. A mapping that can be read is put in force all the same (`$config`).
 */
export class MappingLost extends Error {
  override readonly name = 'MappingLost';
  readonly code: LostMapping['lost'];
  constructor(
    readonly machine: string,
    mapping: MappingInForce | null,
    { lost, detail }: LostMapping,
  ) {
    super(
      `The mapping ${mapping?.name} version ${mapping?.version} (${mapping?.hash}) of machine ${machine} cannot be used: ` +
        `${detail} Activate one for the machine that can be, then drive the signal again.`,
    );
    this.code = lost;
  }
}

/**
 * Throws MappingMissing, MappingLost, and what this one signal alone cannot be folded for; nothing was folded then. What a
 * rule throws is its own (`failures`). A state that is damaged is mended first, which is told as `ingest.rule_failed` of
 * `$state`: with it no signal of the machine could be folded.
 */
export const foldSignal = (
  state: MachineState,
  signal: Signal,
  position: SignalPosition,
  mappingByHash: MappingByHash,
  traceparent: string | null = null,
): Folded => {
  try {
    return foldOnto(state, signal, position, mappingByHash, traceparent);
  } catch (error) {
    const mended = error instanceof MappingMissing || error instanceof MappingLost ? null : mendState(state);
    if (mended === null) throw error;
    const folded = foldOnto(mended.state, signal, position, mappingByHash, traceparent);
    return tellMended(folded, mended, error, signal, position, traceparent);
  }
};

/** Told after all that the signal has led to. */
const tellMended = (
  folded: Folded,
  { members, waited }: Mended,
  error: unknown,
  signal: Signal,
  position: SignalPosition,
  traceparent: string | null,
): Folded => {
  const { at, tenant, machine } = folded.state;
  const telling: Telling = { drafts: [], failures: [] };
  const damage = new Error(`the state of the machine was damaged in: ${members.join(', ')}`, { cause: error });
  const rule = { id: '$state', kind: 'state' };
  const failed = { rule, on: 'signal', path: signal.path, told: 0, error: damage } as const;
  const state = withoutRule(folded.state, failed, { telling, moment: momentOf({ ...signal, sourceTs: null }, at), at });
  const drafts = telling.failures.flatMap(({ draft }) => (draft === null ? [] : [draft]));
  const first = folded.events.length;
  return {
    state,
    events: [
      ...folded.events,
      ...drafts.map((draft, n) => machineEvent(tenant, machine, position, first + n, draft, traceparent)),
    ],
    failures: [...folded.failures, ...telling.failures],
    setAside: [...waited.map((one) => ({ signal: one, error: damage })), ...folded.setAside],
  };
};

const foldOnto = (
  state: MachineState,
  signal: Signal,
  position: SignalPosition,
  mappingByHash: MappingByHash,
  traceparent: string | null,
): Folded => {
  if (alreadyFolded(state, position)) return nothingOf(state);
  if (signal.path === REMOVED_PATH) return nothingOf(removeMachine(state, signal, position));
  if (state.removed !== true) return foldPresent(state, signal, position, mappingByHash, traceparent);
  const anew = afterRemoval(state, signal, position);
  return anew.removed === true ? nothingOf(anew) : foldPresent(anew, signal, position, mappingByHash, traceparent);
};

const foldPresent = (
  state: MachineState,
  signal: Signal,
  position: SignalPosition,
  mappingByHash: MappingByHash,
  traceparent: string | null,
): Folded => {
  const inForce = found(state, state.config, mappingByHash);
  if (isLost(inForce) && signal.path !== '$config') throw new MappingLost(state.machine, state.config, inForce);
  const at = Math.max(state.at, Date.parse(signal.at));
  const { isRepeat, remembered } = rememberSignal(state, signal, at);
  const seen: MachineState = {
    ...state,
    ...remembered,
    position: { partition: position.partition, offset: String(position.offset) },
    played: isPlayed(state, signal, position),
    counts: { ...state.counts, signals: state.counts.signals + 1 },
  };
  if (isRepeat) return nothingOf(counted(seen, 'duplicates'));
  const telling: Telling = { drafts: [], failures: [] };
  const { drafts, failures } = telling;
  const emit = (draft: EventDraft) => void drafts.push(writtenDraft(draft));
  const setAside: SetAside[] = [];
  const next =
    isLost(inForce) || signal.path === '$config'
      ? configure(seen, signal, position, isLost(inForce) ? null : inForce, mappingByHash, emit, telling)
      : takeTurns(seen, signal, at, { mapping: inForce, position, emit, telling, late: false }, setAside);
  for (const { draft } of failures) if (draft !== null) drafts.push(draft);
  return {
    state: next,
    failures,
    setAside,
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
const ORDERED_AT_THE_SOURCE: readonly Signal['raw']['proto'][] = ['spb', 'mqtt', 'mtc', 'ua', 'modbus', 'millrace'];

/** The signal, or those that it lets go on, each in its turn. */
const takeTurns = (state: MachineState, signal: Signal, at: number, turn: Turn, setAside: SetAside[]): MachineState => {
  const { mapping, position, telling } = turn;
  const reorder = ORDERED_AT_THE_SOURCE.includes(signal.raw.proto)
    ? null
    : settingsOfSource(mapping, signal.source).reorder;
  if (reorder === null && holdsNothing(state)) return applySignal(state, signal, turn);
  const waited = letGo(state, at, setAside);
  const admitted = admit(waited.state, signal, reorder, at);
  const ready = [...waited.ready, ...admitted.ready];
  // A signal that waits for its turn brings time all the same.
  if (ready.length === 0) return applySignal(admitted.state, tickOf(signal), turn);
  let next = admitted.state;
  ready.forEach((one, nth) => {
    const late = one.kind === 'signal' && one.late;
    const its = { ...turn, position: nth === 0 ? position : { ...position, nth }, late };
    const [told, known] = [telling.drafts.length, telling.failures.length];
    try {
      next =
        one.kind === 'gap'
          ? applyMissing({ ...next, at: Math.max(next.at, at) }, one.of, one.lost, its)
          : applySignal(next, one.signal, its);
    } catch (error) {
      if (ready.length === 1) throw error;
      // What waited is in the state: it would throw again with each record to come.
      if (one.kind === 'gap') {
        const failed = { rule: { id: '$gap', kind: 'gap' }, on: 'signal', path: '$gap', told, error } as const;
        next = withoutRule(next, failed, { telling, moment: momentOf({ ...one.of, sourceTs: null }, at), at });
      } else {
        telling.drafts.length = told;
        telling.failures.length = known;
        setAside.push({ signal: one.signal, error });
      }
    }
  });
  return next;
};

/** What has waited long enough. Where that cannot be found out, which it could at no later record, nothing waits on. */
const letGo = (state: MachineState, at: number, setAside: SetAside[]): Admitted => {
  try {
    return overdue(state, at);
  } catch (error) {
    for (const session of Object.values(state.reorder))
      for (const { signal } of Array.isArray(session?.held) ? session.held : []) setAside.push({ signal, error });
    return { state: { ...state, reorder: {} }, ready: [] };
  }
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

/** The mapping that the machine's signals are read by now; null where it cannot be had (yet). */
export const mappingInForce = (state: MachineState, mappingByHash: MappingByHash): Mapping | null => {
  const mapping = state.config === null ? DEFAULT_MAPPING : mappingByHash(state.config.hash);
  return mapping === null || isLost(mapping) ? null : mapping;
};

/** Throws MappingMissing. */
const found = (
  { tenant, machine }: MachineState,
  name: MappingInForce | null,
  mappingByHash: MappingByHash,
): Mapping | LostMapping => {
  if (name === null) return DEFAULT_MAPPING;
  const mapping = mappingByHash(name.hash);
  if (mapping === null) throw new MappingMissing(tenant, machine, name);
  return mapping;
};

/** Evaluation time at which something of this machine is due by itself, Unix ms; null when nothing is. */
export const nextDue = (state: MachineState, mapping: Mapping): number | null => {
  let due = rulesDue(state, mapping);
  for (const other of [state.staleDue, heldDue(state)])
    if (typeof other === 'number' && (due === null || other < due)) due = other;
  return due;
};

const heldDue = (state: MachineState): number | null => {
  try {
    return reorderDue(state);
  } catch {
    // The next record finds the same, and lets all of it go.
    return state.at;
  }
};

const configure = (
  state: MachineState,
  signal: Signal,
  position: SignalPosition,
  from: Mapping | null,
  mappingByHash: MappingByHash,
  emit: (draft: EventDraft) => void,
  telling: Telling,
): MachineState => {
  const change = readMappingChange(signal);
  if (change === null) return state;
  const to = found(state, change.to, mappingByHash);
  // Millrace stores a mapping before it names it here: a hash that nobody knows puts nothing out of force.
  if (isLost(to) && to.lost === 'mapping_unknown') throw new MappingLost(state.machine, change.to, to);
  // A machine that nobody has heard yet may be one whose recording is played: its time begins with its first signal.
  const timeless = state.at === 0 || state.played;
  const at = timeless ? state.at : Math.max(state.at, Date.parse(signal.at));
  const timed =
    timeless || from === null
      ? { ...state, at }
      : applySignal(state, tickOf(signal), { mapping: from, position, emit, telling, late: false });
  if (isLost(to)) return suspendMapping(timed, change.to);
  const moment = momentOf({ ...signal, sourceTs: null }, at);
  return changeMapping(timed, { from, to, name: change.to }, { emit, moment, position });
};

/** Whether the signal was seen, and what of the state notes it as seen. */
const rememberSignal = (
  state: MachineState,
  signal: Signal,
  at: number,
): Heard | { readonly isRepeat: boolean; readonly remembered: Pick<MachineState, 'sessions'> } => {
  if (signal.seq !== null) {
    const key = sessionOf(signal);
    const known = Object.hasOwn(state.sessions, key) ? state.sessions[key]! : null;
    const session = seeInSession(known, signal.seq, signal.idx ?? 0, at);
    if (session === null) return { isRepeat: true, remembered: {} };
    return { isRepeat: false, remembered: { sessions: withRoom(state.sessions, key, session, known === null) } };
  }
  return signal.sourceTs === null ? { isRepeat: false, remembered: {} } : hearOfPath(state, signal);
};

/** The session with this part of this message seen, or null for a duplicate. */
const seeInSession = (known: SessionState | null, seq: number, idx: number, at: number): SessionState | null => {
  if (known === null) return sessionState(openWindow(seq), openParts(seq, idx), at);
  const seen = seeInWindow(known.window, seq);
  const window = seen ?? known.window;
  if (seq < window.high - WINDOW) return null;
  const parts = seePart(known.parts, { seq, idx, begun: seen === null, isLast: seq === window.high });
  return parts === null ? null : sessionState(window, parts, at);
};

const sessionState = (window: DuplicateWindow, parts: MessageParts | undefined, at: number): SessionState =>
  parts === undefined ? { window, at } : { window, parts, at };

/** Of too many sessions one of the source that has the most makes room: a folder of files leaves those of an agent alone. */
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
  const bySource = new Map<string, string[]>();
  for (const one of keys) {
    const source = one.slice(0, one.indexOf('\n'));
    bySource.set(source, [...(bySource.get(source) ?? []), one]);
  }
  const most = [...bySource.values()].reduce((a, b) => (b.length > a.length ? b : a));
  const oldest = most.reduce((a, b) => (next[a]!.at <= next[b]!.at ? a : b));
  delete next[oldest];
  return next;
};
