import type { DeliveryTask, Endpoint, EndpointKey, HeaderValues, Outcome } from '@millrace/domain';
import type { ConsumedRecord } from '@millrace/kafka';
import type {
  DeliveryFact,
  DeliveryRecord,
  EndDelivery,
  EndpointHealthRecord,
  OutgoingMessage,
} from '@millrace/protocol';
import type { WebhookRequest } from '@millrace/webhook-client';
import type { DirectoryEntry } from '../directory/match-index';
import type { DispatchStatePublisher } from '../parking/dispatch-state.publisher';
import type { Stretch } from '../parking/parked-records.reader';
import type { LaneWork } from './lanes';
import type { OwnedEndpoint, OwnedPartition } from './owned-endpoint';

/** What the dispatcher needs of the world. */
export interface DispatchPorts {
  readonly directory: { get(endpointId: string): DirectoryEntry | undefined; caughtUp(): Promise<void> };
  readonly keys: {
    activeFor(endpoint: Endpoint, now: number): EndpointKey[];
    headersOf(endpoint: Endpoint): HeaderValues;
  };
  readonly client: { send(request: WebhookRequest): Promise<Outcome> };
  /** Resolves true when Kafka has the messages, false when the process is stopping. */
  readonly tasks: { send(messages: readonly OutgoingMessage[]): Promise<boolean> };
  readonly log: { append(partition: number, fact: DeliveryFact, acknowledged: () => void): void };
  readonly state: Pick<DispatchStatePublisher, 'put' | 'erase' | 'putChunk'>;
  readonly health: { publish(record: EndpointHealthRecord): void; erase(endpointId: string): void };
  /** Reads records of `deliveries` back; rejects when the brokers cannot be reached. */
  readonly records: { fetch(partition: number, offset: number): Promise<Stretch>; forget(partition: number): void };
  /** Every record of the partition before this offset has been handed out. */
  readonly position: (partition: number) => number | null;
  /** Unix ms, by the broker's clock as far as it is known. */
  readonly now: () => number;
  /** Ms of a clock that nobody sets, for how long things take. */
  readonly ticks: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly newRequestId: () => string;
}

/** A delivery on its way through the dispatcher. */
export interface DispatchWork extends LaneWork {
  delivery: DeliveryRecord;
  /** Change when the partition was lost and won again while a request is under way. */
  owner: OwnedPartition;
  state: OwnedEndpoint;
  /** Of its record in `deliveries`. */
  readonly offset: number;
  /** The record that brought it, and repeats of it that arrived meanwhile; all are finished together. None when it was parked. */
  readonly records: ConsumedRecord[];
  /** It came back from parked storage, where it still stands until it has ended or moved on. */
  readonly parked: boolean;
  /** `leaving`: it is being parked or ended, or its attempt is over and what follows is being written. */
  step: 'waiting' | 'queued' | 'in_flight' | 'leaving';
  /** The key that it has taken, where order is kept. */
  key: string | null;
  /** It is the one probe of an endpoint that is down. */
  probe: boolean;
  /** It was asked for again while it was still being written down as parked. */
  recalled: boolean;
  /** A command that ends it, given while its request was under way. */
  ending: EndDelivery | null;
}

export const taskOf = (work: DispatchWork): DeliveryTask => work.delivery.task;
