import type { Event } from '@millrace/domain';
import type { Violation } from '@millrace/event-schema';
import type { RecordReader } from '@millrace/kafka';
import type { OutgoingMessage, TopicNames } from '@millrace/protocol';
import type { DirectoryEntry } from '../directory/match-index';

/** Partitions of `deliveries` that this process holds now; who holds the endpoint's carries out its recoveries. */
export interface OwnedPartitions {
  owns(partition: number): boolean;
  /** The listener is called after each change, whether partitions came or went. */
  onOwnershipChanged(listener: () => void): void;
}

export interface RecoveryPorts {
  readonly ownership: OwnedPartitions;
  /** Endpoints as of now; `caughtUp` makes "now" include every change that Kafka had at the time of the call. */
  readonly directory: { get(endpointId: string): DirectoryEntry | undefined; caughtUp(): Promise<void> };
  /** What the data of an event is held against now: fan-out would not deliver what is rejected, and neither does a recovery. */
  readonly rules: { judge(event: Event): Violation | null; caughtUp(): Promise<void> };
  /** Deliveries of the endpoint that are parked now; null where that is not known. */
  parkedOf(endpointId: string): number | null;
  /** `send` resolves true when Kafka has the messages, false when the process is stopping; `stop` ends what still waits. */
  readonly messages: { send(messages: readonly OutgoingMessage[]): Promise<boolean>; stop(): void };
  /** Unix ms. */
  readonly now: () => number;
  /** ms of a clock that nobody sets. */
  readonly ticks: () => number;
}

/** How a job reads Kafka; closed by the job that asked for it. */
export type RecordSource = Pick<RecordReader, 'fetch' | 'beginnings' | 'ends' | 'offsetsAt' | 'close'>;

export interface RecoverySettings {
  readonly topics: TopicNames;
  /** Every module that may hold events of the site. */
  readonly modules: readonly string[];
  /** Partitions of `deliveries` and of the delivery log. */
  readonly partitions: number;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
  readonly limits: JobLimits;
}

export interface JobLimits {
  /** Jobs of this process at one time, of those that send and of those that only count. */
  readonly jobs: { readonly sending: number; readonly dryRuns: number };
  /** Deliveries that one job can tell apart, at 12 to 24 bytes each; beyond it the job fails. */
  readonly deliveriesPerJob: number;
  /** Parked deliveries of an endpoint at which its recovery waits. */
  readonly parked: number;
}

export const JOB_LIMITS: JobLimits = {
  jobs: { sending: 8, dryRuns: 2 },
  deliveriesPerJob: 3_000_000,
  parked: 10_000,
};
