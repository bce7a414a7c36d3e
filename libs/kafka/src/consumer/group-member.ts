import { type Consumer, type Kafka, type Offsets, PartitionAssigners } from 'kafkajs';
import type { Cluster } from '../client/kafkajs-cluster';
import type { TopicPartition } from '../kafka-settings';
import { type ConsumerGroup, fetchFor } from './kafkajs-fetch';
import { type FetchedRecords, PartitionFetcher } from './partition-fetcher';
import { CommitFailed } from './windowed-consumer';

export interface MemberSettings {
  readonly groupId: string;
  readonly topics: string[];
  readonly maxWaitMs: number;
  readonly minFetchBytes: number;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Of one fetch, for one partition and for all. */
  readonly fetchBytes: { readonly partition: number; readonly total: number };
}

export interface MemberHandlers {
  onJoin(memberId: string, assignment: { readonly [topic: string]: readonly number[] }): void;
  onBatch(records: FetchedRecords): void;
}

export interface PartitionCommit extends TopicPartition {
  readonly offset: number;
  readonly metadata: string;
}

/** How often a member shows itself while nothing comes; also how soon it learns that the group rebalances. */
const HEARTBEAT_MS = 1_000;

/**
 * One life of a kafkajs consumer, from its start to its first crash. kafkajs restarts a consumer after some crashes and
 * leaves it deaf after others; here every crash is its end, and the owner builds a new one.
 */
export class GroupMember {
  /** Resolves with the reason when the consumer has crashed. */
  readonly crashed: Promise<Error>;
  private readonly consumer: Consumer;
  private fetcher!: PartitionFetcher;
  /** Null before the first fetch. */
  private group: ConsumerGroup | null = null;
  private rejoining = false;
  private commits = 0;
  private seenAt: number;

  constructor(
    kafka: Kafka,
    private readonly settings: MemberSettings,
    private readonly handlers: MemberHandlers,
    private readonly now: () => number,
  ) {
    this.seenAt = now();
    this.consumer = kafka.consumer({
      groupId: settings.groupId,
      allowAutoTopicCreation: false,
      sessionTimeout: settings.sessionTimeoutMs,
      rebalanceTimeout: settings.rebalanceTimeoutMs,
      heartbeatInterval: Math.min(HEARTBEAT_MS, settings.sessionTimeoutMs / 3),
      // the assigner is kafkajs' own; asking for it here is how a consumer shows its cluster
      partitionAssigners: [
        (config) => {
          this.fetchOver(config.cluster as unknown as Cluster);
          return PartitionAssigners.roundRobin(config);
        },
      ],
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 2_000,
        factor: 0.2,
        multiplier: 2,
        retries: 5,
        restartOnFailure: async () => false,
      },
    });
    const { events } = this.consumer;
    this.crashed = new Promise((resolve) => {
      this.consumer.on(events.CRASH, ({ payload }) => resolve(payload.error));
    });
    const seen = (): void => {
      this.seenAt = this.now();
    };
    this.consumer.on(events.FETCH_START, seen);
    this.consumer.on(events.HEARTBEAT, seen);
    this.consumer.on(events.COMMIT_OFFSETS, () => {
      this.commits++;
    });
    this.consumer.on(events.REBALANCING, () => {
      this.rejoining = true;
    });
    this.consumer.on(events.GROUP_JOIN, ({ payload }) => {
      seen();
      this.rejoining = false;
      this.fetcher.assign(payload.memberAssignment);
      this.handlers.onJoin(payload.memberId, payload.memberAssignment);
    });
  }

  /** Resolves after the first join, or after a crash. */
  async start(): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: this.settings.topics, fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // never called: our fetch leaves kafkajs nothing to hand out
      eachBatch: async () => {},
    });
  }

  /** Ms since the consumer last did anything. */
  get silentMs(): number {
    return this.now() - this.seenAt;
  }

  /**
   * Commits under the generation of this moment. `consumer.commitOffsets` would go on after a rebalance under the new
   * generation, over partitions that belong to others by then, and does nothing, silently, when the consumer is not running.
   *
   * @throws CommitFailed, and kafkajs' errors
   */
  async commit(commits: readonly PartitionCommit[]): Promise<void> {
    if (commits.length === 0) return;
    if (this.group === null) throw new CommitFailed('the consumer is not running');
    if (this.rejoining) throw new CommitFailed('the group is rebalancing');
    const before = this.commits;
    await this.group.commitOffsets(asOffsets(commits));
    if (this.commits === before) throw new CommitFailed('the commit was not sent');
  }

  seek(topic: string, partition: number, offset: number): void {
    this.fetcher.seek(topic, partition, offset);
  }

  pause(topic: string, partition: number): void {
    this.fetcher.pause(topic, partition);
  }

  resume(topic: string, partition: number): void {
    this.fetcher.resume(topic, partition);
  }

  /** Leaves the group and disconnects. kafkajs sets no deadline: the caller does. */
  stop(): Promise<void> {
    return this.consumer.disconnect();
  }

  private fetchOver(cluster: Cluster): void {
    const { maxWaitMs, minFetchBytes, fetchBytes } = this.settings;
    this.fetcher = new PartitionFetcher(cluster, { maxWaitMs, minBytes: minFetchBytes, bytes: fetchBytes }, (records) =>
      this.handlers.onBatch(records),
    );
    fetchFor(cluster, {
      fetcher: this.fetcher,
      onFetch: (group) => {
        this.group = group;
      },
    });
  }
}

const asOffsets = (commits: readonly PartitionCommit[]): Offsets => {
  const topics = new Map<string, { partition: number; offset: string; metadata: string }[]>();
  for (const { topic, partition, offset, metadata } of commits) {
    const entry = { partition, offset: String(offset), metadata };
    const entries = topics.get(topic);
    if (entries) entries.push(entry);
    else topics.set(topic, [entry]);
  }
  // the declared type has no metadata; kafkajs writes it all the same
  return { topics: Array.from(topics, ([topic, partitions]) => ({ topic, partitions })) };
};
