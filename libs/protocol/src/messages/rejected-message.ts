import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * The quarantine: a record that could not be used, with its bytes, why, and where it came from. Value: the original value
 * (empty for a null value, which `originalNull` tells; cut off where `originalBytes` says that it was longer); everything else is the header `millrace-rejection` as JSON.
 */
export interface Rejection {
  readonly v: 1;
  readonly code: string;
  readonly detail: string;
  /** Whose it is, where that is known without reading the bytes: what a source of a tenant could not read. */
  readonly tenant?: string;
  readonly origin: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: string;
    readonly timestamp: number;
  };
  /** Base64 of the original key, of its beginning where it is very long; null when it had none. */
  readonly originalKey: string | null;
  readonly originalNull: boolean;
  /** Bytes of the original value, also of those that were not kept. */
  readonly originalBytes: number;
  /** Base64 of each original header. */
  readonly originalHeaders: { readonly [name: string]: string };
  /** Unix ms. */
  readonly at: number;
}

/** An event that does not fit the schema of its type, where the type's validation is `reject`. */
export const SCHEMA_VIOLATION = 'schema_violation';
/** The same where it is `warn`: told here for people to see, and delivered all the same. */
export const SCHEMA_WARNING = 'schema_warning';
/** An event of a tenant that no API key was ever made for. */
export const UNKNOWN_TENANT = 'unknown_tenant';

export const REJECTION_HEADER = 'millrace-rejection';

/**
 * What is kept of a rejected record: enough to read and to re-drive it. A record that was compressed can be larger than any
 * topic takes; a rejection that no broker takes would hold up everything behind it.
 */
const HEADERS_KEPT = 64;
const HEADER_BYTES_KEPT = 2 * 1024 * 1024;
const KEY_BYTES_KEPT = 64 * 1024;
const VALUE_BYTES_KEPT = 4 * 1024 * 1024;

export const encodeRejection = (
  topic: string,
  message: IncomingMessage,
  /** `originalBytes`: where the message holds the beginning of the value only, how long the value is. */
  why: { code: string; detail: string; tenant?: string; originalBytes?: number },
  at: number,
): OutgoingMessage => {
  const rejection: Rejection = {
    v: 1,
    code: why.code,
    detail: why.detail,
    ...(why.tenant === undefined ? {} : { tenant: why.tenant }),
    origin: {
      topic: message.topic,
      partition: message.partition,
      offset: String(message.offset),
      timestamp: message.timestamp,
    },
    originalKey: message.key?.subarray(0, KEY_BYTES_KEPT).toString('base64') ?? null,
    originalNull: message.value === null,
    originalBytes: why.originalBytes ?? message.value?.length ?? 0,
    originalHeaders: keptHeaders(message),
    at,
  };
  return {
    topic,
    key: `${message.topic}/${message.partition}/${message.offset}`,
    value: message.value?.subarray(0, VALUE_BYTES_KEPT) ?? Buffer.alloc(0),
    headers: { [REJECTION_HEADER]: JSON.stringify(rejection) },
  };
};

const keptHeaders = (message: IncomingMessage): Rejection['originalHeaders'] => {
  let room = HEADER_BYTES_KEPT;
  const kept = Object.entries(message.headers)
    .slice(0, HEADERS_KEPT)
    .filter(([name, value]) => {
      room -= name.length + value.length;
      return room >= 0;
    });
  return Object.fromEntries(kept.map(([name, value]) => [name, value.toString('base64')]));
};

/** The same rejection without the original's value and headers, for a broker that takes less; null when it has none. */
export const withoutOriginal = (message: OutgoingMessage): OutgoingMessage | null => {
  const header = message.headers[REJECTION_HEADER];
  if (header === undefined) return null;
  const rejection = { ...(JSON.parse(header) as Rejection), originalKey: null, originalHeaders: {} };
  return { ...message, value: Buffer.alloc(0), headers: { [REJECTION_HEADER]: JSON.stringify(rejection) } };
};

export const decodeRejection = (message: IncomingMessage): { rejection: Rejection; value: Buffer } | null => {
  const header = message.headers[REJECTION_HEADER];
  if (header === undefined || message.value === null) return null;
  try {
    const rejection = JSON.parse(header.toString('utf8')) as Rejection;
    return rejection.v === 1 ? { rejection, value: message.value } : null;
  } catch {
    return null;
  }
};
