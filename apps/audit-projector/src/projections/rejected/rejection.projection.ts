import { DEFAULT_TENANT } from '@millrace/domain';
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
  /** Of the event that the record holds; null where it holds none, or is not kept whole. */
  readonly event: { readonly tenant: string; readonly key: string } | null;
}

export const REJECTED_BYTES_KEPT = 64 * 1024;
const CODE = /^[a-z0-9_]{1,64}$/;

export const rejectionRow = (rejection: Rejection, value: Buffer, message: IncomingMessage): RejectionRow => ({
  topic: message.topic,
  partition: message.partition,
  offset: message.offset,
  day: dayOf(message.timestamp),
  rejectedAt: isTimeMs(rejection.at) ? rejection.at : message.timestamp,
  code: CODE.test(rejection.code) ? rejection.code : 'unknown',
  detail: jsonBytes({
    detail: String(rejection.detail).slice(0, 2_000),
    origin: rejection.origin,
    originalKey: rejection.originalKey?.slice(0, 2_048) ?? null,
  }),
  value: rejection.originalNull ? null : value.subarray(0, REJECTED_BYTES_KEPT),
  valueBytes: rejection.originalNull ? 0 : value.length,
  event: eventOf(rejection, value),
});

/** An event that is refused as a whole, or to some of its receivers, is one that people look for by its id. */
const eventOf = (rejection: Rejection, value: Buffer): RejectionRow['event'] => {
  const { origin, originalNull, originalBytes, originalHeaders } = rejection;
  if (originalNull || value.length !== originalBytes) return null;
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
