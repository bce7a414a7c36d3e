import { DEFAULT_TENANT, isTenantName } from '@millrace/domain';
import { decodeEvent, type IncomingMessage, type Rejection } from '@millrace/protocol';
import { dayOf, isStorableText, isTimeMs, jsonBytes } from '../../projector/postgres-text';

/**
 * Rule: one row for each record on a `*.rejected` topic, at its own position; rows never change. The bytes are kept up to
 * 64 KiB, with the full size beside them; the topic has the rest for as long as it keeps it.
 */
export interface RejectionRow {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly day: string;
  readonly rejectedAt: number;
  readonly code: string;
  /** JSON: the rejection without the bytes. */
  readonly detail: Buffer;
  readonly value: Buffer | null;
  readonly valueBytes: number;
  /** Whose it is, where that can be told. */
  readonly tenant: string | null;
  /** Of the event that the record holds; null where it holds none, or is not kept whole. */
  readonly eventKey: string | null;
}

export const REJECTED_BYTES_KEPT = 64 * 1024;
const CODE = /^[a-z0-9_]{1,64}$/;

/** Characters of the original headers, as base64, that are kept for reading. */
const HEADERS_KEPT = 8 * 1024;

/** What stands in `detail`. */
export interface RejectionDetail {
  readonly detail: string;
  readonly origin: Rejection['origin'];
  readonly originalKey: string | null;
  /** Base64; absent where they were too long. */
  readonly originalHeaders?: Rejection['originalHeaders'];
  readonly originalBytes: number;
}

export const rejectionRow = (rejection: Rejection, value: Buffer, message: IncomingMessage): RejectionRow => {
  const event = eventOf(rejection, value);
  return {
    topic: message.topic,
    partition: message.partition,
    offset: message.offset,
    day: dayOf(message.timestamp),
    rejectedAt: isTimeMs(rejection.at) ? rejection.at : message.timestamp,
    code: CODE.test(rejection.code) ? rejection.code : 'unknown',
    detail: jsonBytes(detailOf(rejection)),
    value: rejection.originalNull ? null : value.subarray(0, REJECTED_BYTES_KEPT),
    valueBytes: rejection.originalNull ? 0 : value.length,
    tenant: event?.tenant ?? tenantOf(rejection, value),
    eventKey: event?.key ?? null,
  };
};

const detailOf = ({ detail, origin, originalKey, originalHeaders, originalBytes }: Rejection): RejectionDetail => ({
  detail: String(detail).slice(0, 2_000),
  origin,
  originalKey: originalKey?.slice(0, 2_048) ?? null,
  ...(JSON.stringify(originalHeaders ?? {}).length <= HEADERS_KEPT ? { originalHeaders } : {}),
  originalBytes: Number(originalBytes) || 0,
});

/** What Kafka takes as a topic's name; the places of sources, `<source>/<session>`, are none. */
const TOPIC = /^[A-Za-z0-9._-]+$/;

/**
 * The tenant that the rejection names. Else, of a record that lay on a topic, whose writers are the site's own programs,
 * the one that its key or its signal names. Bytes that a peer of a source sent prove nothing about whose they are.
 */
const tenantOf = (rejection: Rejection, value: Buffer): string | null => {
  const named = [rejection.tenant, ...(isFromTopic(rejection) ? [keyedTenant(rejection), signalTenant(value)] : [])];
  return named.find((tenant) => typeof tenant === 'string' && isTenantName(tenant)) ?? null;
};

const isFromTopic = ({ origin }: Rejection): boolean => TOPIC.test(String(origin?.topic));

/** A signal's key is `<tenant>/<machine>`. */
const keyedTenant = ({ originalKey }: Rejection): string | null => {
  const [tenant, ...machine] = Buffer.from(originalKey ?? '', 'base64')
    .toString('utf8')
    .split('/');
  return machine.length === 1 ? (tenant ?? null) : null;
};

const signalTenant = (value: Buffer): string | null => {
  if (value.length > REJECTED_BYTES_KEPT || value[0] !== 0x7b) return null;
  try {
    const { tenant } = JSON.parse(value.toString('utf8')) as { tenant?: unknown };
    return typeof tenant === 'string' ? tenant : null;
  } catch {
    return null;
  }
};

/** An event that is refused as a whole, or to some of its receivers, is one that people look for by its id. */
const eventOf = (rejection: Rejection, value: Buffer): { readonly tenant: string; readonly key: string } | null => {
  const { origin, originalNull, originalBytes, originalHeaders } = rejection;
  if (originalNull || value.length !== originalBytes || !isFromTopic(rejection)) return null;
  const reading = decodeEvent(
    {
      topic: String(origin?.topic),
      partition: 0,
      offset: 0n,
      timestamp: Number(origin?.timestamp) || 0,
      key: null,
      value,
      headers: Object.fromEntries(
        Object.entries(originalHeaders ?? {}).map(([name, text]) => [name, Buffer.from(String(text), 'base64')]),
      ),
    },
    DEFAULT_TENANT,
  );
  if (reading.kind === 'refused' || !isStorableText(reading.event.tenant, 64)) return null;
  return { tenant: reading.event.tenant, key: reading.event.key };
};
