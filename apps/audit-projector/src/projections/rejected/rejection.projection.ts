import type { IncomingMessage, Rejection } from '@millrace/protocol';
import { dayOf, isTimeMs, jsonBytes } from '../../projector/postgres-text';

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
});
