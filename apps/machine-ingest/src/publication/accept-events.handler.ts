import { createHash } from 'node:crypto';
import type { Event } from '@millrace/domain';
import type { Violation } from '@millrace/event-schema';
import {
  EVENTS_LIMITS,
  type EventsAccepted,
  encodeEvent,
  moduleOfType,
  type OutgoingMessage,
  type Problem,
  problem,
} from '@millrace/protocol';
import type { IdempotencyKeys } from '../idempotency/idempotency-keys';
import { idempotentEventId, timeOrderedEventId } from './event-ids';
import { type EventRulePort, holdToRules } from './hold-to-rules';
import { type EventRequest, readEventRequest } from './read-event-request';

/**
 * `POST /v1/events`: the way in for events that do not come by Kafka.
 *
 *   read the request, all or nothing → hold the events to the rules of their types → give each event its trace → publish to `events.<module>` → answer
 *
 * The answer 202 is given only after Kafka has acknowledged every event on all replicas. Where that does not happen in
 * time the answer is 503: the caller repeats, and with an `Idempotency-Key` or ids of its own nothing is doubled.
 */
export interface AcceptEventsPorts {
  readonly publisher: EventPublisher;
  readonly rules: EventRulePort;
  readonly trace: EventTrace;
  readonly clock: () => number;
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
  readonly keys: IdempotencyKeys;
  /** Full name of the topic of a module. */
  readonly topicOf: (module: string) => string;
  readonly told: {
    accepted(events: readonly Event[]): void;
    refused(tenant: string, code: string): void;
    unavailable(tenant: string, reason: string): void;
  };
}

export interface EventPublisher {
  /** Resolves when every message is acknowledged; rejects with the reason when that is not known in time. */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
}

export interface EventTrace {
  /** Begins the span of an event below its own trace, else its request's; `traceparent` goes on with it. */
  begin(event: Event, request: string | null): { readonly traceparent: string; end(error?: string): void };
}

export interface AcceptEvents extends EventRequest {
  readonly tenant: string;
  readonly idempotencyKey: string | null;
  readonly traceparent: string | null;
}

export type EventsAnswer =
  | { readonly kind: 'accepted'; readonly body: EventsAccepted }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly retryAfterSeconds?: number };

/** Seconds after which a caller may try again while Kafka does not answer. */
export const RETRY_AFTER_SECONDS = 2;

export class AcceptEventsHandler {
  constructor(private readonly ports: AcceptEventsPorts) {}

  async accept(request: AcceptEvents): Promise<EventsAnswer> {
    const { ports } = this;
    const now = ports.clock();
    const key = request.idempotencyKey;
    if (key !== null && (key === '' || key.length > EVENTS_LIMITS.idempotencyKeyLength))
      return this.refuse(
        request,
        problem('invalid_request', `An Idempotency-Key has 1 to ${EVENTS_LIMITS.idempotencyKeyLength} characters.`),
      );
    const fingerprint = fingerprintOf(request);
    const own = { fingerprint, acceptedAt: new Date(now).toISOString() };
    const first = key === null ? own : ports.keys.remember(request.tenant, key, own);
    if (first.fingerprint !== fingerprint)
      return this.refuse(
        request,
        problem('idempotency_conflict', 'This Idempotency-Key came with another body before; use a new key.'),
      );
    const read = readEventRequest(request, {
      tenant: request.tenant,
      acceptedAt: first.acceptedAt,
      fallbackId: (index) =>
        key === null
          ? timeOrderedEventId(now, ports.random(10))
          : idempotentEventId(request.tenant, key, fingerprint, index),
    });
    if (read.kind === 'problem') {
      if (key !== null) ports.keys.forget(request.tenant, key);
      return this.refuse(request, read.problem);
    }
    const held = await holdToRules(read.events, ports.rules);
    if (held.kind === 'refused') {
      if (key !== null) ports.keys.forget(request.tenant, key);
      return this.refuse(request, held.problem);
    }
    return this.publish(request, read.events, held.warnings);
  }

  private async publish(
    request: AcceptEvents,
    events: readonly Event[],
    warnings: readonly (Violation | null)[],
  ): Promise<EventsAnswer> {
    const { ports } = this;
    const spans = events.map((event) => ports.trace.begin(event, request.traceparent));
    const messages = events.map((event, n) =>
      encodeEvent(ports.topicOf(moduleOfType(event.type)), { ...event, traceparent: spans[n]!.traceparent }),
    );
    try {
      await ports.publisher.publish(messages);
    } catch (error) {
      const reason = (error as Error).name;
      for (const span of spans) span.end(reason);
      ports.told.unavailable(request.tenant, reason);
      return {
        kind: 'problem',
        problem: problem(
          'unavailable',
          'Kafka has not acknowledged the events, so they do not count as accepted. Send the request again, with the same Idempotency-Key.',
        ),
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      };
    }
    for (const span of spans) span.end();
    ports.told.accepted(events);
    return { kind: 'accepted', body: { events: events.map(({ id }, n) => accepted(id, warnings[n])) } };
  }

  private refuse(request: AcceptEvents, why: Problem): EventsAnswer {
    this.ports.told.refused(request.tenant, why.code);
    return { kind: 'problem', problem: why };
  }
}

const accepted = (id: string, warning: Violation | null | undefined): EventsAccepted['events'][number] =>
  warning ? { id, warnings: [{ path: warning.path, detail: warning.detail }] } : { id };

const fingerprintOf = (request: AcceptEvents): string => {
  const attributes = Object.entries(request.headers)
    .filter(([name]) => name.startsWith('ce-'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([request.contentType ?? null, attributes]))
    .update(request.body)
    .digest('hex');
};
