import type { DeliveryTrigger, ParkReason } from '@millrace/domain';
import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * The delivery log: what happened to every delivery, as facts. One record carries the facts of one flush, in order, as a
 * JSON object `{v: 1, facts: [...]}`; its partition is that of the endpoint in `deliveries`, so the facts of an endpoint
 * are in order. `created` comes from fan-out, the rest from dispatch; a reader must not rely on `created` coming first.
 */
export type DeliveryFact =
  | DeliveryCreated
  | AttemptStarted
  | AttemptFinished
  | DeliveryParked
  | DeliveryEnded
  | DeliveryReopened
  | CommandRefused;

/** What identifies the delivery in every fact. */
export interface FactSubject {
  readonly deliveryId: string;
  readonly tenant: string;
  readonly endpointId: string;
  /** Unix ms. */
  readonly at: number;
}

export interface DeliveryCreated extends FactSubject {
  readonly kind: 'created';
  readonly eventId: string;
  readonly eventKey: string;
  readonly eventType: string;
  /** Absent in records of earlier releases. */
  readonly subject?: string | null;
  readonly contract: string;
  readonly contractVersion: number;
  readonly trigger: DeliveryTrigger;
  /** Unix ms at which Kafka accepted the event. */
  readonly acceptedAt: number;
  /** SHA-256 of the body, hex; the body itself is a function of the stored event, the contract's version and the variant. */
  readonly bodySha256: string;
  /** What of the endpoint's options shows in the body, see Contract.variantOf; absent when nothing does. */
  readonly bodyVariant?: string;
  readonly traceId: string;
}

/** Written, and acknowledged, before the request leaves: no request is without a row. */
export interface AttemptStarted extends FactSubject {
  readonly kind: 'attempt-started';
  readonly epoch: number;
  readonly attempt: number;
  /** Random for each HTTP request; an attempt repeated after a crash has two. Sent as `millrace-request-id`. */
  readonly requestId: string;
  readonly url: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Offset of the task's record in the partition of `deliveries` with the number of this record's own partition. */
  readonly recordOffset: number;
  /** The delivery's place among those of its endpoint, see DeliveryTask; null where it has none. */
  readonly chain: { readonly sequence: number; readonly previousId: string | null } | null;
  readonly eventId: string;
}

export interface AttemptFinished extends FactSubject {
  readonly kind: 'attempt-finished';
  readonly epoch: number;
  readonly attempt: number;
  readonly requestId: string;
  /** Unix ms. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** `success`, `http_503`, `timeout`, … (see outcomeName). */
  readonly outcome: string;
  readonly request: { readonly url: string; readonly headers: { readonly [name: string]: string } };
  readonly response: {
    readonly status: number;
    readonly headers: { readonly [name: string]: string };
    /** Base64 of the first 16 KiB. */
    readonly body: string;
    readonly bodyTruncated: boolean;
  } | null;
  readonly error: string | null;
  readonly traceId: string;
  readonly spanId: string;
  readonly result:
    | { readonly kind: 'succeeded' }
    | { readonly kind: 'retry'; readonly nextAttemptAt: number }
    | { readonly kind: 'failed'; readonly reason: 'exhausted' | 'endpoint_gone' }
    | { readonly kind: 'expired' };
}

/** The delivery waits for its endpoint; no attempt is spent. It goes on with the next `attempt-started`, or ends. */
export interface DeliveryParked extends FactSubject {
  readonly kind: 'parked';
  readonly epoch: number;
  readonly attempt: number;
  readonly reason: ParkReason;
  readonly recordOffset: number;
  /** Of `behind_key`: the delivery that must end first. Null otherwise. */
  readonly behind: string | null;
}

/** An end that no attempt brought about. */
export interface DeliveryEnded extends FactSubject {
  readonly kind: 'ended';
  readonly epoch: number;
  readonly attempt: number;
  readonly status: 'cancelled' | 'expired' | 'failed';
  readonly reason: 'endpoint_deleted' | 'expired' | 'unusable_task' | 'cancelled_by_command' | 'skipped_by_command';
  /** The API key whose command ended it, and the command; null when nobody's did. */
  readonly by: string | null;
  readonly commandId: string | null;
  /** Offset of the task's record in `deliveries`; null when no record of it is known to have arrived. */
  readonly recordOffset: number | null;
}

/** A command took it up again: from here on its records carry the new epoch, and those of older ones are dropped. */
export interface DeliveryReopened extends FactSubject {
  readonly kind: 'reopened';
  readonly epoch: number;
  readonly commandId: string;
  readonly by: string;
  readonly replay: string | null;
}

/** A command that the endpoint's owner found overtaken; nothing was changed. */
export interface CommandRefused extends FactSubject {
  readonly kind: 'command-refused';
  readonly commandId: string;
  readonly command: 'retry' | 'cancel' | 'skip';
  readonly by: string;
  /** `stale`: it has changed since · `in_flight` · `parked` · `ended` · `record_gone`: its record is no longer kept. */
  readonly reason: 'stale' | 'in_flight' | 'parked' | 'ended' | 'record_gone';
}

/** Bytes of one log record at which a flush starts another. */
export const LOG_RECORD_BYTES = 256 * 1024;
const ENVELOPE_BYTES = Buffer.byteLength('{"v":1,"facts":[]}');

export const encodeFacts = (topic: string, partition: number, facts: readonly DeliveryFact[]): OutgoingMessage[] => {
  const messages: OutgoingMessage[] = [];
  let texts: string[] = [];
  let size = ENVELOPE_BYTES;
  const flush = () => {
    if (texts.length === 0) return;
    messages.push({
      topic,
      partition,
      key: null,
      value: Buffer.from(`{"v":1,"facts":[${texts.join(',')}]}`),
      headers: {},
    });
    texts = [];
    size = ENVELOPE_BYTES;
  };
  for (const fact of facts) {
    const text = JSON.stringify(fact);
    const bytes = Buffer.byteLength(text) + 1;
    if (size + bytes > LOG_RECORD_BYTES) flush();
    texts.push(text);
    size += bytes;
  }
  flush();
  return messages;
};

/** What a reader may rely on in an entry of a record; a reader that stores facts checks the rest of each kind. */
export const isDeliveryFact = (value: unknown): value is DeliveryFact =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as DeliveryFact).kind === 'string' &&
  typeof (value as DeliveryFact).deliveryId === 'string' &&
  typeof (value as DeliveryFact).endpointId === 'string';

/**
 * The entries of a record as they stand, each to be checked by its reader, so that a bad one does not take the good ones
 * with it. Null for a record that is none of ours.
 */
export const decodeFacts = (message: Pick<IncomingMessage, 'value'>): unknown[] | null => {
  if (message.value === null) return null;
  try {
    const record = JSON.parse(message.value.toString('utf8')) as { v: number; facts: unknown };
    const { v, facts } = record;
    return v === 1 && Array.isArray(facts) ? facts : null;
  } catch {
    return null;
  }
};

/** The same facts without the bodies and headers of responses: an attempt that no broker takes whole is kept all the same. */
export const withoutResponses = (message: OutgoingMessage): OutgoingMessage | null => {
  const facts = decodeFacts({ value: message.value });
  if (facts === null) return null;
  const lean = facts.map((fact) =>
    isDeliveryFact(fact) && fact.kind === 'attempt-finished' && fact.response !== null
      ? { ...fact, response: { ...fact.response, headers: {}, body: '', bodyTruncated: true } }
      : fact,
  );
  return { ...message, value: Buffer.from(JSON.stringify({ v: 1, facts: lean })) };
};
