import type { Outcome, SigningKey } from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import type { DeliveryFact, DeliveryRecord, OutgoingMessage } from '@millrace/protocol';
import type { WebhookRequest } from '@millrace/webhook-client';
import type { DirectoryEntry } from '../directory/match-index';

/** What the dispatcher needs of the world. */
export interface DispatchPorts {
  readonly directory: { get(endpointId: string): DirectoryEntry | undefined; caughtUp(): Promise<void> };
  readonly keys: { activeFor(endpoint: DirectoryEntry['endpoint'], now: number): SigningKey[] };
  readonly client: { send(request: WebhookRequest): Promise<Outcome> };
  /** Resolves true when Kafka has the messages, false when the process is stopping. */
  readonly tasks: { send(messages: readonly OutgoingMessage[]): Promise<boolean> };
  readonly log: { append(partition: number, fact: DeliveryFact, acknowledged: () => void): void };
  /** Unix ms. */
  readonly now: () => number;
  /** Ms of a clock that nobody sets, for how long things take. */
  readonly ticks: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newRequestId: () => string;
}

/** A delivery on its way through the dispatcher. */
export interface DispatchWork {
  delivery: DeliveryRecord;
  readonly partition: number;
  /** The record that brought it, and repeats of it that arrived meanwhile; all are finished together. */
  readonly records: ConsumedRecord[];
  /** It is being written to a tier: what comes back from there is new work. */
  parking: boolean;
}
