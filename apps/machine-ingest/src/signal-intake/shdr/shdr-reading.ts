import {
  advanceRecordingClock,
  clockOfRecording,
  type RecordingClock,
  SIGNAL_LIMITS,
  type Signal,
  startRecordingClock,
} from '@millrace/domain';
import { newSignal } from '../new-signal';
import { observedMembers, stamperOf } from '../observed-value';
import { parseShdr, type ShdrObservation } from './parse-shdr';

/**
 * The lines of one SHDR session, read in order: signals with their position, and what was refused. Pure: a recording read
 * again from its first line gives the same signals with the same positions, so a restart needs only the highest position
 * that is stored.
 */
export interface ShdrReading {
  /** Lines read so far. */
  readonly line: number;
  /** Position of the next observation. */
  readonly nextSeq: number;
  /** Mark that ends the asset that is being skipped. */
  readonly until: string | null;
  /** Lines of it so far. */
  readonly skipped: number;
  /** Of a recording; a live session takes the time of receipt. */
  readonly clock: RecordingClock | null;
}

export const startShdrReading: ShdrReading = { line: 0, nextSeq: 0, until: null, skipped: 0, clock: null };

/** Lines of one asset; a mark that was lost must not swallow the rest of the session. */
export const MAX_ASSET_LINES = 10_000;

export interface ShdrSession {
  readonly tenant: string;
  readonly machine: string;
  readonly source: string;
  readonly session: string;
  readonly proto: 'mtc' | 'file';
  /** Names of the items that are messages. */
  readonly messages?: ReadonlySet<string>;
}

export interface ReadLine {
  readonly reading: ShdrReading;
  readonly signals: readonly Signal[];
  readonly refused: { readonly code: string; readonly detail: string } | null;
  /** A command of the adapter, for example `PONG 10000`. */
  readonly command: { readonly name: string; readonly argument: string } | null;
}

/** `receivedAt` is Unix ms, or null to let the recording's own clock say. */
export const readShdrLine = (
  before: ShdrReading,
  session: ShdrSession,
  line: string,
  receivedAt: number | null,
): ReadLine => {
  const reading = { ...before, line: before.line + 1 };
  const nothing = { reading, signals: [], refused: null, command: null };
  if (reading.until !== null) {
    const skipped = reading.skipped + 1;
    if (line.trimEnd() === reading.until) return { ...nothing, reading: { ...reading, until: null } };
    if (skipped <= MAX_ASSET_LINES) return { ...nothing, reading: { ...reading, skipped } };
    const detail = `An asset has no end (${JSON.stringify(reading.until.slice(0, 60))}) within ${MAX_ASSET_LINES} lines; lines are read again from here.`;
    return { ...nothing, reading: { ...reading, until: null }, refused: { code: 'malformed', detail } };
  }
  const parsed = parseShdr(line, session.messages);
  switch (parsed.kind) {
    case 'blank':
      return nothing;
    case 'command':
      return { ...nothing, command: parsed };
    case 'refused':
      return { ...nothing, refused: { code: parsed.code, detail: parsed.detail } };
    case 'asset':
      return { ...nothing, reading: { ...reading, until: parsed.until, skipped: 0 } };
    case 'observations': {
      const clock = receivedAt === null ? advance(reading.clock, parsed.timestamp) : null;
      if (clock === null && receivedAt === null)
        return {
          ...nothing,
          refused: { code: 'bad_timestamp', detail: 'A recording begins with a line that has a time.' },
        };
      const time = timeOf(clock, receivedAt);
      const signals = parsed.observations.map((observation, n) =>
        toSignal(session, observation, parsed.timestamp, time, reading.nextSeq + n, reading.line),
      );
      return { ...nothing, reading: { ...reading, clock, nextSeq: reading.nextSeq + signals.length }, signals };
    }
  }
};

/** Null before the first line that has a time. */
const advance = (clock: RecordingClock | null, timestamp: string | null): RecordingClock | null => {
  if (timestamp === null) return clock;
  const stamp = Date.parse(timestamp);
  return clock === null ? startRecordingClock(stamp) : advanceRecordingClock(clock, stamp);
};

/** When a line was received, and by which clock its stamp was written. */
interface LineTime {
  readonly received: number;
  readonly evaluated: number;
  readonly clockOf: (writer: 'adapter' | 'agent') => string;
}

const timeOf = (clock: RecordingClock | null, receivedAt: number | null): LineTime => {
  const received = receivedAt ?? clock!.written;
  return clock === null
    ? { received, evaluated: received, clockOf: (writer) => writer }
    : { received, evaluated: clock.now, clockOf: (writer) => clockOfRecording(writer, clock) };
};

const toSignal = (
  { tenant, machine, source, session, proto }: ShdrSession,
  observation: ShdrObservation,
  sourceTs: string | null,
  time: LineTime,
  seq: number,
  line: number,
): Signal =>
  newSignal({
    tenant,
    machine,
    source,
    session,
    seq,
    path: observation.name,
    kind: observation.kind === 'condition' ? 'condition' : 'event',
    ...withinLimit(observedMembers(observation)),
    sourceTs,
    receivedAt: time.received,
    evaluatedAt: time.evaluated,
    clock: time.clockOf(stamperOf(observation)),
    raw: { proto, ref: `line:${line}` },
  });

const withinLimit = <Members extends Pick<Signal, 'value'>>(members: Members): Members =>
  typeof members.value === 'string'
    ? { ...members, value: members.value.slice(0, SIGNAL_LIMITS.valueLength) }
    : members;
