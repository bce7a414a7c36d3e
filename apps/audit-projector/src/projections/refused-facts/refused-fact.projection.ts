import type { IncomingMessage } from '@millrace/protocol';

/**
 * Rule: what the projector cannot store is kept here with its position and its bytes, and everything else flows on. One
 * row for each fact (`index` within its record), or for a whole record that is not readable (`index` -1).
 */
export interface RefusedFactRow {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly index: number;
  readonly reason: string;
  readonly value: Buffer;
}

const BYTES_KEPT = 64 * 1024;

export const refusedRecord = (message: IncomingMessage, reason: string): RefusedFactRow => ({
  topic: message.topic,
  partition: message.partition,
  offset: message.offset,
  index: -1,
  reason: reason.slice(0, 500),
  value: (message.value ?? Buffer.alloc(0)).subarray(0, BYTES_KEPT),
});

export const refusedFact = (
  message: IncomingMessage,
  index: number,
  fact: unknown,
  reason: string,
): RefusedFactRow => ({
  ...refusedRecord(message, reason),
  index,
  value: Buffer.from(JSON.stringify(fact) ?? '').subarray(0, BYTES_KEPT),
});
