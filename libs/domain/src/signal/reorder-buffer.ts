import type { MappedSource } from '../machine-rules/mapping';
import { type HeldSignal, type MachineState, type ReorderState, STATE_LIMITS } from './machine-state';
import type { Signal } from './signal';

/**
 * Signals of one session in the order of their numbers. What comes before its turn is held in the state until the hole is
 * filled, or its time is over, or too many are held; then what is missing is a gap, and the held go on in order. What
 * comes after its place was given up is late.
 *
 *   0 1 3 4   3 and 4 are held;   2 -> 2 3 4   or   2 s later -> gap 2..2, 3 4   and then 2 is late
 */
export type Ready =
  | { readonly kind: 'signal'; readonly signal: Signal; readonly late: boolean }
  | { readonly kind: 'gap'; readonly of: Signal; readonly lost: number };

export interface Admitted {
  readonly state: MachineState;
  readonly ready: readonly Ready[];
}

type Settings = NonNullable<MappedSource['reorder']>;

export const sessionOf = (signal: Signal): string => `${signal.source}\n${signal.session}`;

/** Takes a signal that is no duplicate; `at` is its evaluation time. */
export const admit = (state: MachineState, signal: Signal, settings: Settings | null, at: number): Admitted => {
  if (settings === null && Object.keys(state.reorder).length === 0) return alone(state, signal);
  if (isLoss(signal)) return afterAllOf(state, signal);
  const key = sessionOf(signal);
  const known = Object.hasOwn(state.reorder, key) ? state.reorder[key]! : null;
  const range = known === null ? null : readGap(signal);
  if (known !== null && range !== null) return giveUpRange(state, key, known, signal, range.to);
  if (signal.seq === null) return alone(state, signal);
  if (settings === null) return known === null ? alone(state, signal) : afterAllOf(state, signal);
  if (known === null) {
    const room = makeRoom(state);
    const first = { next: signal.seq + 1, held: [], bytes: 0, at };
    return { state: withSession(room.state, key, first), ready: [...room.ready, inTurn(signal)] };
  }
  if (signal.seq <= known.next) {
    const next = Math.max(known.next, signal.seq + 1);
    const drained = drain({ ...known, next, at });
    const late = signal.seq < known.next - 1;
    return {
      state: withSession(state, key, drained.session),
      ready: [{ kind: 'signal', signal, late }, ...drained.ready],
    };
  }
  const bytes = Buffer.byteLength(JSON.stringify(signal));
  const held = inserted(known.held, { signal, due: at + settings.windowMs, bytes });
  return relieve(
    state,
    key,
    { ...known, held, bytes: known.bytes + bytes, at },
    Math.min(settings.records, STATE_LIMITS.heldRecords),
  );
};

const inTurn = (signal: Signal): Ready => ({ kind: 'signal', signal, late: false });
const alone = (state: MachineState, signal: Signal): Admitted => ({ state, ready: [inTurn(signal)] });

const isLoss = ({ path, value }: Signal): boolean =>
  path === '$lifecycle' && (value === 'disconnected' || value === 'death');

/** What has waited long enough at this evaluation time. */
export const overdue = (state: MachineState, at: number): Admitted => {
  let next = state;
  const ready: Ready[] = [];
  for (const key of Object.keys(state.reorder)) {
    let session = state.reorder[key]!;
    if (session.held.length === 0 || earliest(session) > at) continue;
    while (session.held.length > 0 && earliest(session) <= at) {
      const given = giveUpHole(session);
      session = given.session;
      ready.push(...given.ready);
    }
    next = withSession(next, key, session);
  }
  return { state: next, ready };
};

/** Evaluation time at which something that is held goes on by itself, Unix ms; null when nothing is held. */
export const reorderDue = (state: MachineState): number | null => {
  let due: number | null = null;
  for (const key in state.reorder) {
    const session = state.reorder[key]!;
    if (session.held.length > 0) due = Math.min(due ?? Number.POSITIVE_INFINITY, earliest(session));
  }
  return due;
};

const earliest = (session: ReorderState): number =>
  session.held.reduce((least, { due }) => Math.min(least, due), Number.POSITIVE_INFINITY);

const inserted = (held: readonly HeldSignal[], one: HeldSignal): HeldSignal[] => {
  const place = held.findLastIndex(({ signal }) => compare(signal, one.signal) < 0) + 1;
  return [...held.slice(0, place), one, ...held.slice(place)];
};

const compare = (a: Signal, b: Signal): number => a.seq! - b.seq! || (a.idx ?? 0) - (b.idx ?? 0);

/** Lets go on what follows without a hole. */
const drain = (session: ReorderState): { session: ReorderState; ready: Ready[] } => {
  let { next } = session;
  let { bytes } = session;
  let taken = 0;
  const ready: Ready[] = [];
  for (const { signal, bytes: its } of session.held) {
    if (signal.seq! > next) break;
    bytes -= its;
    ready.push({ kind: 'signal', signal, late: false });
    next = Math.max(next, signal.seq! + 1);
    taken++;
  }
  if (taken === 0) return { session, ready };
  return { session: { ...session, next, held: session.held.slice(taken), bytes }, ready };
};

/** What is missing before the first that is held is a gap. */
const giveUpHole = (session: ReorderState): { session: ReorderState; ready: Ready[] } => {
  const first = session.held[0]!.signal;
  const lost = first.seq! - session.next;
  const drained = drain({ ...session, next: first.seq! });
  return { session: drained.session, ready: [{ kind: 'gap', of: first, lost }, ...drained.ready] };
};

const giveUpAll = (session: ReorderState): Ready[] => {
  const ready: Ready[] = [];
  let rest = session;
  while (rest.held.length > 0) {
    const given = giveUpHole(rest);
    rest = given.session;
    ready.push(...given.ready);
  }
  return ready;
};

/** Gives up holes as long as more is held than may be. */
const relieve = (state: MachineState, key: string, full: ReorderState, records: number): Admitted => {
  const others = Object.entries(state.reorder).reduce((sum, [name, one]) => sum + (name === key ? 0 : one.bytes), 0);
  const ready: Ready[] = [];
  let session = full;
  while (
    session.held.length > 0 &&
    (session.held.length > records || session.bytes + others > STATE_LIMITS.heldBytes)
  ) {
    const given = giveUpHole(session);
    session = given.session;
    ready.push(...given.ready);
  }
  return { state: withSession(state, key, session), ready };
};

/** The source itself says what will never come. */
const giveUpRange = (state: MachineState, key: string, session: ReorderState, signal: Signal, to: number): Admitted => {
  const after = signal.seq === null ? 0 : signal.seq + 1;
  const drained = drain({ ...session, next: Math.max(session.next, to + 1, after) });
  return { state: withSession(state, key, drained.session), ready: [inTurn(signal), ...drained.ready] };
};

/** The word that a source is lost comes after all that it had sent, and so does what is not put in order any more. */
const afterAllOf = (state: MachineState, signal: Signal): Admitted => {
  const ready: Ready[] = [];
  const reorder = { ...state.reorder };
  for (const key of Object.keys(reorder))
    if (key.startsWith(`${signal.source}\n`)) {
      ready.push(...giveUpAll(reorder[key]!));
      delete reorder[key];
    }
  return { state: { ...state, reorder }, ready: [...ready, inTurn(signal)] };
};

const withSession = (state: MachineState, key: string, session: ReorderState): MachineState => ({
  ...state,
  reorder: { ...state.reorder, [key]: session },
});

/** Of too many sessions the one that has been silent the longest is let go; what it holds goes on. */
const makeRoom = (state: MachineState): Admitted => {
  const keys = Object.keys(state.reorder);
  if (keys.length < STATE_LIMITS.reorders) return { state, ready: [] };
  const oldest = keys.reduce((a, b) => (state.reorder[a]!.at <= state.reorder[b]!.at ? a : b));
  const { [oldest]: gone, ...reorder } = state.reorder;
  return { state: { ...state, reorder }, ready: giveUpAll(gone!) };
};

/** The numbers that a `$gap` names, or null where it is no such signal. */
export const readGap = (
  signal: Signal,
): { readonly from: number | null; readonly to: number; readonly lost: number | null } | null => {
  if (signal.path !== '$gap' || typeof signal.value !== 'object' || signal.value === null) return null;
  const number = (name: string): number | null => {
    const member = (signal.value as { readonly [name: string]: unknown })[name];
    return typeof member === 'number' && Number.isSafeInteger(member) && member >= 0 ? member : null;
  };
  const [from, to, lost] = [number('from'), number('to'), number('lost')];
  return { from, to: to ?? -1, lost: lost ?? (from !== null && to !== null && to >= from ? to - from + 1 : null) };
};
