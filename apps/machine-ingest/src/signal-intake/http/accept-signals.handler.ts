import type { Signal } from '@millrace/domain';
import { encodeSignal, type OutgoingMessage, type Problem, problem, type SignalsAccepted } from '@millrace/protocol';
import { readSignalRequest } from './read-signal-request';

/** `POST /v1/signals`: the right signals of a request are stored, acknowledged by all replicas, before the answer 202. */
export interface AcceptSignalsPorts {
  readonly publisher: { publish(messages: readonly OutgoingMessage[]): Promise<void> };
  readonly clock: () => number;
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
    const read = readSignalRequest(request.body, {
      tenant: request.tenant,
      receivedAt: ports.clock(),
      idempotencyKey: request.idempotencyKey,
    });
    if (read.kind === 'problem') return read;
    try {
      await ports.publisher.publish(
        read.signals.map((signal) => encodeSignal(ports.topic, signal, request.traceparent)),
      );
    } catch (error) {
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
