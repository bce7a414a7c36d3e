import { isTenantName } from '@millrace/domain';
import type { IncomingMessage, OutgoingMessage } from './message';

/** Names of sources and of mappings: they stand in paths, keys and signals. */
export const isConfiguredName = (text: string): boolean => /^[a-z0-9][a-z0-9._-]{0,63}$/.test(text);

/** Key of everything that belongs to one source: its configuration, its state, and the partition whose holder runs it. */
export const sourceKey = (tenant: string, name: string): string => `${tenant}/${name}`;

/**
 * A source as it is configured, on the compacted topic `sources`; key is tenant and name, null when it was deleted. Texts
 * at the kind's secret paths are sealed.
 */
export interface SourceRecord {
  readonly v: 1;
  readonly tenant: string;
  readonly name: string;
  /** Kind of source: `mqtt`, `opcua`, … */
  readonly type: string;
  readonly enabled: boolean;
  /** Rises with every change. */
  readonly version: number;
  /** Unix ms; a source that was deleted and made again under its name is another one. */
  readonly createdAt: number;
  readonly settings: { readonly [member: string]: unknown };
}

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTimeOrAbsent = (value: unknown): boolean => value === undefined || Number.isSafeInteger(value);

export const encodeSource = (
  topic: string,
  { tenant, name }: Pick<SourceRecord, 'tenant' | 'name'>,
  source: Omit<SourceRecord, 'v'> | null,
): OutgoingMessage => ({
  topic,
  key: sourceKey(tenant, name),
  value: source === null ? null : Buffer.from(JSON.stringify({ v: 1, ...source })),
  headers: {},
});

export type SourceChange =
  | { readonly kind: 'put'; readonly key: string; readonly source: SourceRecord }
  | { readonly kind: 'deleted'; readonly key: string }
  | { readonly kind: 'unreadable' };

/** A view that throws would meet the same compacted record after each restart, so what it relies on is checked. */
export const decodeSource = (message: Pick<IncomingMessage, 'key' | 'value'>): SourceChange => {
  const key = message.key?.toString('utf8');
  if (!key) return { kind: 'unreadable' };
  if (message.value === null) return { kind: 'deleted', key };
  try {
    const source = JSON.parse(message.value.toString('utf8')) as SourceRecord;
    const good =
      source.v === 1 &&
      typeof source.tenant === 'string' &&
      isTenantName(source.tenant) &&
      typeof source.name === 'string' &&
      isConfiguredName(source.name) &&
      sourceKey(source.tenant, source.name) === key &&
      typeof source.type === 'string' &&
      typeof source.enabled === 'boolean' &&
      Number.isSafeInteger(source.version) &&
      Number.isSafeInteger(source.createdAt) &&
      isObject(source.settings);
    return good ? { kind: 'put', key, source } : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
};

/** What a source is doing with its peer. `waiting`: no process runs it now. */
export const SOURCE_CONNECTIONS = [
  'waiting',
  'connecting',
  'connected',
  'disconnected',
  'degraded',
  'finished',
  'stopped',
] as const;
export type SourceConnectionState = (typeof SOURCE_CONNECTIONS)[number];

/**
 * How a source is doing and where it has got to, on the compacted topic `source-state`: key is tenant and name. Its owner
 * writes it once a second while something moves, at once when its connection changes, and when it gives it up.
 */
export interface SourceState {
  readonly v: 1;
  readonly tenant: string;
  readonly name: string;
  /** Of the source that ran; a cursor is for that one alone. */
  readonly createdAt: number;
  /** Of its configuration. */
  readonly version: number;
  /** What the next owner goes on from, in the form of the kind; it lies behind the signals that are stored, never before. */
  readonly cursor: { readonly [member: string]: unknown } | null;
  readonly connection: {
    readonly state: SourceConnectionState;
    /** Unix ms, as all times here. */
    readonly since: number;
    readonly session: string | null;
    readonly reason: string | null;
    readonly nextTryAt: number | null;
  };
  readonly counts: { readonly [name: string]: number };
  /** Signals a second, over the time since the last record. */
  readonly rate: number;
  readonly lastSignal: { readonly machine: string; readonly path: string; readonly at: number } | null;
  readonly lastError: { readonly at: number; readonly detail: string } | null;
  /** When input went to the quarantine last, Unix ms; absent where none did since its owner began. */
  readonly lastRefusedAt?: number;
  readonly lagMs: number | null;
  readonly queued: number;
  /** The process that runs it; null when it has given it up. */
  readonly owner: string | null;
  readonly at: number;
}

export const encodeSourceState = (
  topic: string,
  { tenant, name }: Pick<SourceState, 'tenant' | 'name'>,
  state: SourceState | null,
): OutgoingMessage => ({
  topic,
  key: sourceKey(tenant, name),
  value: state === null ? null : Buffer.from(JSON.stringify(state)),
  headers: {},
});

/**
 * What peers have sent to a source that they call, since the process that took it told so last. Any process may be called;
 * the owner counts for all of them what it reads while it runs the source, so that one that compaction leaves behind adds
 * nothing to what the next owner counts. On the topic `source-state`; key is that of the source and `/taken`.
 */
export interface SourceIntake {
  readonly v: 1;
  readonly tenant: string;
  readonly name: string;
  /** Signals stored. */
  readonly received: number;
  /** Messages in the quarantine. */
  readonly refused: number;
  /** Unix ms; absent where none was. */
  readonly lastRefusedAt?: number;
  readonly lastSignal: SourceState['lastSignal'];
}

const intakeKey = (tenant: string, name: string): string => `${sourceKey(tenant, name)}/taken`;

export const encodeSourceIntake = (
  topic: string,
  { tenant, name }: Pick<SourceIntake, 'tenant' | 'name'>,
  intake: SourceIntake | null,
): OutgoingMessage => ({
  topic,
  key: intakeKey(tenant, name),
  value: intake === null ? null : Buffer.from(JSON.stringify(intake)),
  headers: {},
});

/** Null for every other record of the topic. */
export const decodeSourceIntake = (message: Pick<IncomingMessage, 'key' | 'value'>): SourceIntake | null => {
  const key = message.key?.toString('utf8');
  if (!key?.endsWith('/taken') || message.value === null) return null;
  try {
    const intake = JSON.parse(message.value.toString('utf8')) as SourceIntake;
    const good =
      intake.v === 1 &&
      intakeKey(intake.tenant, intake.name) === key &&
      Number.isSafeInteger(intake.received) &&
      Number.isSafeInteger(intake.refused) &&
      isTimeOrAbsent(intake.lastRefusedAt) &&
      (intake.lastSignal === null || (isObject(intake.lastSignal) && Number.isFinite(intake.lastSignal.at)));
    return good ? intake : null;
  } catch {
    return null;
  }
};

export type SourceStateChange =
  | { readonly kind: 'put'; readonly key: string; readonly state: SourceState }
  | { readonly kind: 'deleted'; readonly key: string }
  | { readonly kind: 'unreadable' };

export const decodeSourceState = (message: Pick<IncomingMessage, 'key' | 'value'>): SourceStateChange => {
  const key = message.key?.toString('utf8');
  if (!key) return { kind: 'unreadable' };
  if (message.value === null) return { kind: 'deleted', key };
  try {
    const state = JSON.parse(message.value.toString('utf8')) as SourceState;
    const good =
      state.v === 1 &&
      sourceKey(state.tenant, state.name) === key &&
      Number.isSafeInteger(state.createdAt) &&
      (state.cursor === null || isObject(state.cursor)) &&
      isObject(state.connection) &&
      SOURCE_CONNECTIONS.includes(state.connection.state) &&
      isObject(state.counts) &&
      Object.values(state.counts).every(Number.isFinite) &&
      isTimeOrAbsent(state.lastRefusedAt) &&
      (state.owner === null || typeof state.owner === 'string') &&
      Number.isFinite(state.at);
    return good ? { kind: 'put', key, state } : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
};
