import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * The quarantine: a record that could not be used, with its bytes, why, and where it came from. Value: the original value
 * (empty for a null value, which `originalNull` tells); everything else is the header `millrace-rejection` as JSON.
 */
export interface Rejection {
  readonly v: 1;
  readonly code: string;
  readonly detail: string;
  readonly origin: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: string;
    readonly timestamp: number;
  };
  /** Base64 of the original key, null when it had none. */
  readonly originalKey: string | null;
  readonly originalNull: boolean;
  /** Base64 of each original header. */
  readonly originalHeaders: { readonly [name: string]: string };
  /** Unix ms. */
  readonly at: number;
}

export const REJECTION_HEADER = 'millrace-rejection';

/** Headers kept of a rejected record: enough to read and to re-drive it, bounded against a hostile one. */
const HEADERS_KEPT = 64;

export const encodeRejection = (
  topic: string,
  message: IncomingMessage,
  why: { code: string; detail: string },
  at: number,
): OutgoingMessage => {
  const rejection: Rejection = {
    v: 1,
    code: why.code,
    detail: why.detail,
    origin: {
      topic: message.topic,
      partition: message.partition,
      offset: String(message.offset),
      timestamp: message.timestamp,
    },
    originalKey: message.key?.toString('base64') ?? null,
    originalNull: message.value === null,
    originalHeaders: Object.fromEntries(
      Object.entries(message.headers)
        .slice(0, HEADERS_KEPT)
        .map(([name, value]) => [name, value.toString('base64')]),
    ),
    at,
  };
  return {
    topic,
    key: `${message.topic}/${message.partition}/${message.offset}`,
    value: message.value ?? Buffer.alloc(0),
    headers: { [REJECTION_HEADER]: JSON.stringify(rejection) },
  };
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
