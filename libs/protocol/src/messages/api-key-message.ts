import type { Scope } from '../http/scopes';
import type { IncomingMessage, OutgoingMessage } from './message';

/** An API key on the compacted topic `api-keys`: key is the key's id; only the hash of its secret travels. */
export interface ApiKeyRecord {
  readonly v: 1;
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  /** SHA-256 of the whole key text, hex. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
  /** Unix ms, or null for never. */
  readonly expiresAt: number | null;
}

export const encodeApiKey = (topic: string, id: string, record: ApiKeyRecord | null): OutgoingMessage => ({
  topic,
  key: id,
  value: record === null ? null : Buffer.from(JSON.stringify(record)),
  headers: {},
});

export const decodeApiKey = (message: IncomingMessage): { id: string; record: ApiKeyRecord | null } | null => {
  const id = message.key?.toString('utf8');
  if (!id) return null;
  if (message.value === null) return { id, record: null };
  try {
    const record = JSON.parse(message.value.toString('utf8')) as ApiKeyRecord;
    return record.v === 1 && record.id === id ? { id, record } : null;
  } catch {
    return null;
  }
};
