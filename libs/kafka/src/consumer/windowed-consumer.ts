import type { IncomingMessage } from '@millrace/protocol';
import type { KafkaHealth, TopicPartition } from '../kafka-settings';

export interface Assignment {
  /** Rises by one with every join of the group. */
  readonly epoch: number;
  /** Partitions not held before. */
  readonly gained: TopicPartition[];
  readonly lost: TopicPartition[];
}

export interface ConsumerWindow {
  /** Records of one partition that are handed out and not complete. */
  readonly recordsPerPartition: number;
  /** Bytes of all records that are in memory, handed out or fetched ahead. */
  readonly bytes: number;
}

export interface WindowedConsumerOptions {
  readonly groupId: string;
  readonly topics: string[];
  /**
   * Called for each record of the current assignment that is not yet completed, in partition order. Must return at once
   * and never throw: a throw is logged, counted, and fails liveness, and its record stays incomplete.
   */
  onRecord(record: ConsumedRecord): void;
  /** Called after each run of records of one partition, for handlers that work in batches. */
  onBatchEnd?(topic: string, partition: number): void;
  /** Where to start instead of the committed offset, for those who keep their own. Null: committed offset, else the beginning. */
  startOffset?(topic: string, partition: number): Promise<bigint | null>;
  /** A new assignment, after every join; awaited before records are handed out. A rejection is retried. */
  onAssigned?(assignment: Assignment): Promise<void>;
  /**
   * False while the handler has all the work that it can use: then nothing more is handed out until a record finishes, or
   * `handOutAgain` is called, and this is true again. Unlike the window it may follow what no record shows.
   */
  wantsMore?(): boolean;
  /** At a limit the partition is paused, below it resumed. */
  readonly window: ConsumerWindow;
  /** Default 250 ms; 0: only `commitNow`; null: never commit to Kafka. */
  readonly commitIntervalMs?: number | null;
  /**
   * A fetch with fewer bytes waits for more, up to `maxWaitMs`. Default 1: what comes is handed out at once. For those who
   * are in no hurry: a fetch costs the broker as much as several records.
   */
  readonly minFetchBytes?: number;
  /** How long an empty fetch waits, which is also the longest that a resumed partition waits. Default 100 ms. */
  readonly maxWaitMs?: number;
  /** After this time without a sign of life the group gives the partitions to others. Default 10 000 ms. */
  readonly sessionTimeoutMs?: number;
}

export interface ConsumedRecord {
  readonly message: IncomingMessage;
  /** The assignment under which the record is held now; moves on while its partition stays ours. */
  readonly epoch: number;
  /** Still ours: the partition has not been lost since. */
  readonly current: boolean;
  /** Marks the record finished. Without effect when the partition was lost, or when called again. */
  complete(): void;
}

export interface ConsumerHealth extends KafkaHealth {
  readonly assigned: TopicPartition[];
}

/**
 * A member of a consumer group that hands out records without waiting for them, and commits over the contiguous finished
 * prefix. What finished beyond it is kept in the commit's metadata, so that a restart does not hand it out again.
 */
export interface WindowedConsumer {
  /** Resolves when the first assignment stands; waits for a broker as long as it takes, unless stopped. */
  start(): Promise<void>;
  /**
   * Commits all partitions now; resolves when acknowledged.
   * @throws CommitFailed when the group did not take it
   */
  commitNow(): Promise<void>;
  /** No record of the partition is handed out until it is resumed. Ends when the partition is lost. */
  pausePartition(topic: string, partition: number): void;
  resumePartition(topic: string, partition: number): void;
  /** The handler may want more again, though no record has finished. */
  handOutAgain(): void;
  /** Every record before this offset has been handed out, or was finished in an earlier life; null while that is not known. */
  positionOf(topic: string, partition: number): number | null;
  health(): ConsumerHealth;
  /** Stops handing out, waits up to `drainMs` for held records to complete, commits, leaves the group. */
  stop(drainMs: number): Promise<void>;
  /** Handed out and not complete. */
  readonly held: { readonly records: number; readonly bytes: number };
}

export class CommitFailed extends Error {
  override readonly name = 'CommitFailed';
}
