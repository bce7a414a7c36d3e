import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * A recovery: an endpoint gets again, or for the first time, what it missed. `failed`: deliveries of the time span that
 * ended as failed or expired · `missing`: events that match the endpoint now and never became a delivery for it · `all`:
 * every event that matches, delivered before or not.
 */
export type RecoveryScope = 'failed' | 'missing' | 'all';

/** What was asked, on the compacted topic `recoveries` (key: the recovery's id), written by the subscription service. */
export interface RecoveryOrder {
  readonly v: 1;
  readonly recoveryId: string;
  readonly tenant: string;
  readonly endpointId: string;
  readonly only: RecoveryScope;
  /** Unix ms of acceptance, inclusive. */
  readonly since: number;
  /** Unix ms of acceptance, exclusive. */
  readonly until: number;
  /** Type patterns that narrow what the endpoint subscribes to; null for all of it. */
  readonly eventTypes: readonly string[] | null;
  /** Counts and sends nothing. */
  readonly dryRun: boolean;
  /** Deliveries made per second, at most. */
  readonly perSecond: number;
  /** What its user wants of it now. */
  readonly wanted: 'run' | 'pause' | 'cancel';
  /** Grows with every change of `wanted`. */
  readonly version: number;
  /** Id of the API key that asked. */
  readonly by: string;
  /** Unix ms. */
  readonly createdAt: number;
}

export type RecoveryState = 'counting' | 'running' | 'paused' | 'cancelled' | 'done' | 'failed';

/** How far it is, on the compacted topic `recovery-progress` (key: the recovery's id), written by the endpoint's owner. */
export interface RecoveryProgress {
  readonly v: 1;
  readonly recoveryId: string;
  readonly tenant: string;
  readonly endpointId: string;
  /** Version of the order that this follows. */
  readonly version: number;
  readonly state: RecoveryState;
  /** Events or deliveries looked at, those that qualify so far, and those handed to the endpoint's lane. */
  readonly counts: { readonly examined: number; readonly qualified: number; readonly sent: number };
  /** Where a new owner goes on; opaque to everybody else. */
  readonly cursor: unknown;
  /** One sentence, when it failed. */
  readonly error: string | null;
  /** Unix ms. */
  readonly at: number;
}

const encode = (topic: string, key: string, value: object): OutgoingMessage => ({
  topic,
  key,
  value: Buffer.from(JSON.stringify(value)),
  headers: {},
});

export const encodeRecoveryOrder = (topic: string, order: RecoveryOrder): OutgoingMessage =>
  encode(topic, order.recoveryId, order);

export const encodeRecoveryProgress = (topic: string, progress: RecoveryProgress): OutgoingMessage =>
  encode(topic, progress.recoveryId, progress);

type Members = { readonly [name: string]: unknown };

const parse = (message: Pick<IncomingMessage, 'value'>): Members | null => {
  if (message.value === null) return null;
  try {
    const value: unknown = JSON.parse(message.value.toString('utf8'));
    return typeof value === 'object' && value !== null && (value as Members)['v'] === 1 ? (value as Members) : null;
  } catch {
    return null;
  }
};

const isText = (value: unknown): boolean => typeof value === 'string' && value.length > 0;
const identified = (value: Members): boolean =>
  isText(value['recoveryId']) &&
  isText(value['tenant']) &&
  isText(value['endpointId']) &&
  Number.isSafeInteger(value['version']);

/** Null for a record that is none of ours. */
export const decodeRecoveryOrder = (message: Pick<IncomingMessage, 'value'>): RecoveryOrder | null => {
  const value = parse(message);
  return value !== null &&
    identified(value) &&
    ['failed', 'missing', 'all'].includes(value['only'] as string) &&
    ['run', 'pause', 'cancel'].includes(value['wanted'] as string) &&
    Number.isFinite(value['since']) &&
    Number.isFinite(value['until']) &&
    Number.isFinite(value['perSecond']) &&
    (value['perSecond'] as number) > 0 &&
    (value['eventTypes'] === null || Array.isArray(value['eventTypes']))
    ? (value as unknown as RecoveryOrder)
    : null;
};

/** Null for a record that is none of ours. */
export const decodeRecoveryProgress = (message: Pick<IncomingMessage, 'value'>): RecoveryProgress | null => {
  const value = parse(message);
  return value !== null &&
    identified(value) &&
    typeof value['counts'] === 'object' &&
    value['counts'] !== null &&
    ['counting', 'running', 'paused', 'cancelled', 'done', 'failed'].includes(value['state'] as string)
    ? (value as unknown as RecoveryProgress)
    : null;
};
