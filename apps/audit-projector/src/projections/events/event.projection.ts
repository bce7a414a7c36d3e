import type { Event } from '@millrace/domain';
import type { IncomingMessage } from '@millrace/protocol';
import { dayOf, jsonBytes } from '../../projector/postgres-text';

/**
 * Rule: one row for each event and day of acceptance. A producer that repeats an event on the same day adds nothing: the
 * copy that Kafka accepted first stays. A repeat on another day is a row of that day (partitions are dropped by day);
 * readers by id take the first.
 */
export interface EventRow {
  readonly tenant: string;
  /** UTC day of acceptance. */
  readonly day: string;
  readonly eventKey: string;
  readonly eventId: string;
  readonly type: string;
  /** Unix ms at which Kafka accepted it. */
  readonly acceptedAt: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** JSON, see EventAttributes. Bytes, because a producer may put anything into them. */
  readonly attributes: Buffer;
  /** The data as it came. */
  readonly data: Buffer;
}

export interface EventAttributes {
  readonly sourceId: string;
  readonly source: string;
  readonly subject: string | null;
  readonly time: string;
  readonly traceparent: string | null;
}

export const eventRow = (event: Event, message: IncomingMessage): EventRow => ({
  tenant: event.tenant,
  day: dayOf(message.timestamp),
  eventKey: event.key,
  eventId: event.id,
  type: event.type,
  acceptedAt: message.timestamp,
  topic: message.topic,
  partition: message.partition,
  offset: message.offset,
  attributes: jsonBytes({
    sourceId: event.sourceId,
    source: event.source,
    subject: event.subject,
    time: event.time,
    traceparent: event.traceparent,
  } satisfies EventAttributes),
  data: Buffer.from(event.data),
});

const isBefore = (a: EventRow, b: EventRow): boolean => {
  if (a.acceptedAt !== b.acceptedAt) return a.acceptedAt < b.acceptedAt;
  if (a.topic !== b.topic) return a.topic < b.topic;
  if (a.partition !== b.partition) return a.partition < b.partition;
  return a.offset < b.offset;
};

/** Both rows are of one event and day. Commutative, associative, idempotent; the SQL merge keeps the same order. */
export const mergeEvents = (a: EventRow, b: EventRow): EventRow => (isBefore(b, a) ? b : a);
