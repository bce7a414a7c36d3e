import type { TopicSpec } from '@millrace/protocol';
import type { Kafka } from 'kafkajs';
import { createClient } from './client/kafka-client';
import { GroupConsumer } from './consumer/group-consumer';
import type { WindowedConsumer, WindowedConsumerOptions } from './consumer/windowed-consumer';
import type { KafkaSettings } from './kafka-settings';
import { BatchingProducer } from './producer/batching-producer';
import type { DurableProducer, ProducerOptions } from './producer/durable-producer';
import type { CompactedView, CompactedViewOptions } from './reading/compacted-view';
import { FollowingView } from './reading/following-view';
import { type ReadRangeOptions, readRange } from './reading/read-range';
import { RecordReader } from './reading/record-reader';
import { SteadyReader } from './reading/steady-reader';
import { TopicAdmin } from './topics/topic-admin';

const DELIVERY_TIMEOUT_MS = 30_000;
const BUFFERED_BYTES = 32 * 1024 * 1024;
const LONGEST_REQUEST_MS = 10_000;

/** A clock that nobody sets: one that jumped would end sends and consumers that are well. */
const ticks = (): number => performance.now();

/**
 * The way to Kafka for one process. It makes producers, consumers and views, which are closed by who asked for them; its own
 * connections serve questions: topics, offsets, bounded reads.
 */
export class KafkaConnection {
  private readonly admin: TopicAdmin;
  private readonly questions: SteadyReader;

  constructor(private readonly settings: KafkaSettings) {
    this.admin = new TopicAdmin(() => this.plainClient());
    this.questions = new SteadyReader(() => this.plainClient());
  }

  producer(name: string, options: ProducerOptions = {}): DurableProducer {
    const {
      deliveryTimeoutMs = DELIVERY_TIMEOUT_MS,
      compression = 'auto',
      maxBufferedBytes = BUFFERED_BYTES,
    } = options;
    const requestTimeoutMs = Math.min(LONGEST_REQUEST_MS, Math.max(500, Math.floor(deliveryTimeoutMs / 3)));
    return new BatchingProducer(
      { name, deliveryTimeoutMs, compression, maxBufferedBytes, requestTimeoutMs, logger: this.settings.logger },
      { kafka: () => createClient(this.settings, { retries: 2, requestTimeoutMs }), now: ticks },
    );
  }

  windowedConsumer(options: WindowedConsumerOptions): WindowedConsumer {
    return new GroupConsumer(options, {
      kafka: (watch) => createClient(this.settings, { retries: 5, watch }),
      committed: (groupId, topics) => this.admin.committed(groupId, topics),
      now: ticks,
      logger: this.settings.logger,
    });
  }

  compactedView(options: CompactedViewOptions): CompactedView {
    return new FollowingView(options, {
      follower: new SteadyReader(() => this.plainClient()),
      questions: this.questions,
      logger: this.settings.logger,
    });
  }

  /** Bounded read of one partition, to the end captured at the start, over a connection of its own. */
  async readRange(options: ReadRangeOptions): Promise<void> {
    const own = new SteadyReader(() => this.plainClient());
    try {
      await own.use((reader) => readRange(reader, options));
    } finally {
      await own.close();
    }
  }

  /** For reading single records or stretches again and again; closed by who asked for it. */
  recordReader(): RecordReader {
    return new RecordReader(new SteadyReader(() => this.plainClient()));
  }

  /** High watermark of each partition. */
  endOffsets(topic: string): Promise<Map<number, bigint>> {
    return this.questions.use((reader) => reader.highWatermarks(topic));
  }

  /** What is missing or differs, one sentence for each. */
  missingTopics(specs: readonly TopicSpec[]): Promise<string[]> {
    return this.admin.missing(specs);
  }

  /**
   * Creates what is missing and sets settings that differ; idempotent.
   * @throws when a topic has another partition count, which it never changes
   */
  provisionTopics(specs: readonly TopicSpec[], replicationFactor: number): Promise<void> {
    return this.admin.provision(specs, replicationFactor);
  }

  /** Rejects when the brokers cannot be reached. */
  ping(): Promise<void> {
    return this.admin.ping();
  }

  async close(): Promise<void> {
    await Promise.all([this.admin.close(), this.questions.close()]);
  }

  private plainClient(): Kafka {
    return createClient(this.settings, { retries: 3 });
  }
}
