import {
  isMachineName,
  isTenantName,
  isTimestamp,
  machineKey,
  readConditionValue,
  SIGNAL_FLAGS,
  SIGNAL_LIMITS,
  SIGNAL_QUALITIES,
  SIGNAL_TYPES,
  type Signal,
} from '@millrace/domain';
import { RECORD_BYTES } from '../topics/topics';
import type { IncomingMessage, OutgoingMessage } from './message';

/** Most bytes of a signal's value as it is stored; all else of the record, and of a batch of one, is less than the rest. */
export const SIGNAL_VALUE_BYTES = RECORD_BYTES - 64 * 1024;

/** A signal on the topic `signals`: keyed by tenant and machine, so the signals of a machine have one order. */
export const encodeSignal = (topic: string, signal: Signal, traceparent: string | null = null): OutgoingMessage => ({
  topic,
  key: machineKey(signal.tenant, signal.machine),
  value: Buffer.from(JSON.stringify(signal)),
  headers: traceparent === null ? {} : { traceparent },
});

export type SignalReading =
  | { readonly kind: 'signal'; readonly signal: Signal; readonly traceparent: string | null }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

const refused = (code: string, detail: string): SignalReading => ({ kind: 'refused', code, detail });

const KINDS: readonly string[] = ['sample', 'event', 'condition', 'lifecycle'];

/** Reads one record of `signals`, whoever wrote it; what the fold could not bear is refused, nothing throws. */
export const decodeSignal = (message: IncomingMessage): SignalReading => {
  if (message.value === null) return refused('empty_value', 'The record has a null value; a signal needs one.');
  let value: unknown;
  try {
    value = JSON.parse(message.value.toString('utf8'));
  } catch {
    return refused('not_json', 'The value is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refused('not_json', 'A signal is one JSON object.');
  const wrong = wrongMember(value as { [name: string]: unknown });
  if (wrong !== null) return refused('invalid_signal', wrong);
  const signal = value as Signal;
  if (message.key?.toString('utf8') !== machineKey(signal.tenant, signal.machine))
    return refused('wrong_key', 'The key of a signal is <tenant>/<machine>, so that one partition has its order.');
  return { kind: 'signal', signal, traceparent: message.headers['traceparent']?.toString('utf8') ?? null };
};

type Members = { readonly [name: string]: unknown };

const text = (members: Members, name: string, limit: number): boolean =>
  typeof members[name] === 'string' && (members[name] as string).length <= limit;
const time = (value: unknown): boolean => typeof value === 'string' && isTimestamp(value);
const oneOf = (list: readonly string[], value: unknown): boolean => typeof value === 'string' && list.includes(value);
const position = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** A state that holds a signal is written by recursion, and so is the record that sets it aside. */
const MOST_LEVELS = 64;
const isWithin = (value: unknown, levels: number): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  for (const name in value) if (!isWithin((value as Members)[name], levels - 1)) return false;
  return true;
};

const CHECKS: ReadonlyArray<readonly [string, (members: Members) => boolean]> = [
  [`It is nested more than ${MOST_LEVELS} levels deep`, (it) => isWithin(it, MOST_LEVELS)],
  ["'v' must be 1", (it) => it['v'] === 1],
  ["'tenant' is not a tenant's name", (it) => typeof it['tenant'] === 'string' && isTenantName(it['tenant'])],
  ["'machine' is not a machine's name", (it) => typeof it['machine'] === 'string' && isMachineName(it['machine'])],
  ["'source' must be text", (it) => text(it, 'source', SIGNAL_LIMITS.sourceLength)],
  ["'session' must be text", (it) => text(it, 'session', SIGNAL_LIMITS.sessionLength)],
  ["'seq' must be a whole number or null", (it) => it['seq'] === null || position(it['seq'])],
  [
    "'idx' must be a small whole number",
    (it) => it['idx'] === undefined || (position(it['idx']) && (it['idx'] as number) <= SIGNAL_LIMITS.idx),
  ],
  ["'path' must be text", (it) => text(it, 'path', SIGNAL_LIMITS.pathLength) && it['path'] !== ''],
  ["'kind' is not known", (it) => oneOf(KINDS, it['kind'])],
  ["'value' is missing", (it) => it['value'] !== undefined && !Array.isArray(it['value'])],
  ["'value' is not a condition", (it) => it['kind'] !== 'condition' || readConditionValue(it['value']) !== null],
  ["'type' is not known", (it) => oneOf(SIGNAL_TYPES, it['type'])],
  ["'quality' is not known", (it) => oneOf(SIGNAL_QUALITIES, it['quality'])],
  ["'sourceTs' must be an RFC 3339 time or null", (it) => it['sourceTs'] === null || time(it['sourceTs'])],
  ["'receiveTs' must be an RFC 3339 time", (it) => time(it['receiveTs'])],
  ["'at' must be an RFC 3339 time", (it) => time(it['at'])],
  ["'clock' must be text", (it) => text(it, 'clock', 128)],
  [
    "'flags' must be a list of known flags",
    (it) => Array.isArray(it['flags']) && it['flags'].every((flag) => oneOf(SIGNAL_FLAGS, flag)),
  ],
];

const wrongMember = (members: Members): string | null => {
  for (const [sentence, holds] of CHECKS) if (!holds(members)) return `${sentence}.`;
  return null;
};
