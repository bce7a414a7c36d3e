import { isTimestamp, type Mapping, machineKey, type Signal } from '@millrace/domain';
import { decodeSignal } from '@millrace/protocol';
import { durationMs } from '../language/duration-shape';

/**
 * A signal as it is written in a recording or by hand, with what is left out filled in:
 *
 *   {"v": 1, "machine": "rf-01", "source": "sim-1", "session": "s1", "seq": 0, "path": "Line/State", "value": "HALT",
 *    "type": "string", "sourceTs": "2026-02-17T13:59:55.000Z", "receiveTs": "2026-02-17T13:59:55.050Z", "flags": []}
 *   {"after": "2s", "alias": "state", "value": "RUN"}
 *
 * `alias` stands for the first path of that signal of the mapping and its source, `after` for the time since the signal before. `type:
 * boolean` is bool; `kind`, `at`, `clock` and `raw` may be absent. The time of a recording is its own.
 */
export type RecordedReading =
  | { readonly kind: 'signal'; readonly signal: Signal }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

export interface RecordingContext {
  /** Overrules what the recording says: a recording is data, not a right. */
  readonly tenant: string;
  /** Machine of a signal that names none. */
  readonly machine: string;
  readonly signals: Mapping['signals'];
  readonly sources: Mapping['sources'];
  /** Evaluation time of the signal before, Unix ms; null before the first. */
  readonly before: number | null;
}

/** Of a signal that says no time at all; the first of a recording by hand. */
export const RECORDING_BEGINS = Date.parse('2026-01-01T00:00:00.000Z');

type Members = { readonly [name: string]: unknown };

const KNOWN: ReadonlySet<string> = new Set([
  ...['v', 'tenant', 'machine', 'source', 'session', 'seq', 'idx', 'path', 'kind', 'value', 'type', 'unit', 'quality'],
  ...['qualityCode', 'sourceTs', 'serverTs', 'receiveTs', 'at', 'clock', 'flags', 'raw', 'timestamp', 'alias', 'after'],
]);

const refused = (code: string, detail: string): RecordedReading => ({ kind: 'refused', code, detail });

export const readRecordedSignal = (item: unknown, context: RecordingContext): RecordedReading => {
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    return refused('not_an_object', 'A recorded signal is one JSON object.');
  const members = item as Members;
  const unknown = Object.keys(members).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) return refused('unknown_member', `'${unknown.slice(0, 60)}' is no member of a signal.`);
  const path = pathOf(members, context);
  if (typeof path !== 'string') return path;
  const time = timeOf(members, context);
  if (typeof time !== 'string') return time;
  const { sourceTs = members['timestamp'] ?? null, value = null } = members;
  const type = typeOf(members, value);
  const signal = {
    v: members['v'] ?? 1,
    tenant: context.tenant,
    machine: members['machine'] ?? context.machine,
    source: members['source'] ?? sourceOf(members, context) ?? 'recording',
    session: members['session'] ?? 'recording',
    seq: members['seq'] ?? null,
    ...(members['idx'] === undefined ? {} : { idx: members['idx'] }),
    path,
    kind: members['kind'] ?? kindOf(path, type),
    value,
    type,
    unit: members['unit'] ?? null,
    quality: members['quality'] ?? 'good',
    qualityCode: members['qualityCode'] ?? null,
    sourceTs,
    serverTs: members['serverTs'] ?? null,
    receiveTs: time,
    at: members['at'] ?? time,
    clock: members['clock'] ?? 'recording',
    flags: members['flags'] ?? [],
    raw: members['raw'] ?? { proto: 'file', ref: '' },
  };
  return checked(signal);
};

const pathOf = (members: Members, { signals }: RecordingContext): string | RecordedReading => {
  const { path, alias } = members;
  if (typeof path === 'string' && alias === undefined) return path;
  if (path !== undefined || typeof alias !== 'string')
    return refused('path', "A signal has a 'path', or an 'alias' that the mapping has.");
  const mapped = Object.hasOwn(signals, alias) ? signals[alias] : undefined;
  return mapped?.paths[0] ?? refused('unknown_alias', `'${alias.slice(0, 60)}' is no signal of the mapping.`);
};

/** Configured name of the source of an alias, or of the only one that the mapping has: a mapping that names it reads no other. */
const sourceOf = ({ alias }: Members, { signals, sources }: RecordingContext): string | null => {
  const [only, ...others] = Object.values(sources);
  const named = typeof alias === 'string' && Object.hasOwn(signals, alias) ? signals[alias]!.source : null;
  if (named !== null) return sources[named]?.source ?? null;
  return others.length === 0 ? (only?.source ?? null) : null;
};

const timeOf = (members: Members, { before }: RecordingContext): string | RecordedReading => {
  const { after, receiveTs = members['at'] ?? members['sourceTs'] ?? members['timestamp'] ?? null } = members;
  if (after === undefined && receiveTs !== null) {
    if (typeof receiveTs === 'string' && isTimestamp(receiveTs)) return receiveTs;
    return refused('invalid_signal', "'receiveTs' must be an RFC 3339 time.");
  }
  const ms = typeof after === 'string' ? durationMs(after) : after === undefined ? 0 : null;
  if (ms === null) return refused('after', "'after' must be a duration such as 2s or 500ms.");
  const begins = before ?? RECORDING_BEGINS;
  if (begins + ms > LATEST) return refused('after', "'after' leads beyond the year 9999.");
  return new Date(begins + ms).toISOString();
};
const LATEST = Date.parse('9999-12-31T00:00:00.000Z');

const typeOf = (members: Members, value: unknown): unknown => {
  const { type } = members;
  if (type !== undefined) return type === 'boolean' ? 'bool' : type;
  if (members['kind'] === 'condition') return 'condition';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'double';
  return typeof value === 'object' && value !== null ? 'json' : 'string';
};

/** As live signals without a kind have it: what is told twice has happened twice. */
const kindOf = (path: string, type: unknown): string =>
  path.startsWith('$') ? 'lifecycle' : type === 'condition' ? 'condition' : 'event';

/** By the same rules as a record of the topic. */
const checked = (signal: { readonly tenant: string; readonly machine: unknown }): RecordedReading => {
  if (typeof signal.machine !== 'string') return refused('invalid_signal', "'machine' is not a machine's name.");
  const reading = decodeSignal({
    topic: '',
    partition: 0,
    offset: 0n,
    timestamp: 0,
    key: Buffer.from(machineKey(signal.tenant, signal.machine)),
    value: Buffer.from(JSON.stringify(signal)),
    headers: {},
  });
  return reading.kind === 'signal' ? { kind: 'signal', signal: reading.signal } : refused(reading.code, reading.detail);
};
