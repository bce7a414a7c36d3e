import { createHash } from 'node:crypto';
import type { Signal } from '@millrace/domain';
import { ProduceFailed } from '@millrace/kafka';
import { encodeSignal, type OutgoingMessage, type Problem, problem, type SignalsAccepted } from '@millrace/protocol';
import type { IdempotencyKeys } from '../../idempotency/idempotency-keys';
import { readSignalRequest } from './read-signal-request';
import { LARGER_THAN_THE_BROKER_TAKES } from './value-size';

/** `POST /v1/signals`: the right signals of a request are stored, acknowledged by all replicas, before the answer 202. */
export interface AcceptSignalsPorts {
  readonly publisher: { publish(messages: readonly OutgoingMessage[]): Promise<void> };
  readonly clock: () => number;
  readonly keys: IdempotencyKeys;
  /** Full name of the topic `signals`. */
  readonly topic: string;
  readonly told: {
    received(source: string, signals: readonly Signal[], rejected: number): void;
    unavailable(tenant: string, reason: string): void;
  };
}

export interface AcceptSignals {
  readonly tenant: string;
  readonly body: Buffer;
  /** As the header says it; undefined is JSON. */
  readonly contentType?: string | undefined;
  readonly idempotencyKey: string | null;
  readonly traceparent: string | null;
}

export type SignalsAnswer =
  | { readonly kind: 'accepted'; readonly body: SignalsAccepted }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly retryAfterSeconds?: number };

export class AcceptSignalsHandler {
  constructor(private readonly ports: AcceptSignalsPorts) {}

  async accept(request: AcceptSignals): Promise<SignalsAnswer> {
    const { ports } = this;
    const { tenant, idempotencyKey: key } = request;
    const receivedAt = ports.clock();
    const fingerprint = createHash('sha256').update(request.body).digest('hex');
    const own = { fingerprint, acceptedAt: new Date(receivedAt).toISOString() };
    const first = key === null ? own : ports.keys.remember(tenant, key, own);
    if (first.fingerprint !== fingerprint)
      return {
        kind: 'problem',
        problem: problem('idempotency_conflict', 'This Idempotency-Key came with another body before; use a new key.'),
      };
    const read = readSignalRequest(request, {
      tenant,
      receivedAt,
      repeatable: key === null ? null : repeatableSession(key, fingerprint),
      source: 'http',
      machine: null,
    });
    if (read.kind === 'problem') {
      if (key !== null) ports.keys.forget(tenant, key);
      return read;
    }
    try {
      await ports.publisher.publish(
        read.signals.map((signal) => encodeSignal(ports.topic, signal, request.traceparent)),
      );
    } catch (error) {
      if (error instanceof ProduceFailed && error.tooLarge) {
        if (key !== null) ports.keys.forget(tenant, key);
        return { kind: 'problem', problem: problem('too_large', LARGER_THAN_THE_BROKER_TAKES) };
      }
      ports.told.unavailable(request.tenant, (error as Error).name);
      return {
        kind: 'problem',
        problem: problem('unavailable', 'Kafka has not acknowledged the signals. Send the request again.'),
        retryAfterSeconds: 2,
      };
    }
    ports.told.received('http', read.signals, read.rejected.length);
    return { kind: 'accepted', body: { accepted: read.signals.length, rejected: [...read.rejected] } };
  }
}

/** The body is part of it: another request that comes under the key when the first is forgotten must not count as its repeat. */
export const repeatableSession = (key: string, fingerprint: string): string =>
  `key:${createHash('sha256')
    .update(JSON.stringify([key, fingerprint]))
    .digest('hex')
    .slice(0, 32)}`;
