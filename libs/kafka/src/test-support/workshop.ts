import type { TopicSpec } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { createClient } from '../client/kafka-client';
import type { WindowedConsumer, WindowedConsumerOptions } from '../consumer/windowed-consumer';
import { KafkaConnection } from '../kafka-connection';
import type { DurableProducer } from '../producer/durable-producer';
import { TopicAdmin } from '../topics/topic-admin';
import type { Collected } from './collecting';
import { topicSpec } from './messages';

/** Topics, consumers and a producer for one test file; everything is closed with it. */
export class Workshop {
  readonly kafka: KafkaConnection;
  readonly producer: DurableProducer;
  private readonly admin: TopicAdmin;
  private readonly consumers: WindowedConsumer[] = [];
  private names = 0;

  constructor(
    readonly brokers: string[],
    readonly prefix: string,
  ) {
    const settings = { brokers, clientId: 'test', logger: silentLogger };
    this.kafka = new KafkaConnection(settings);
    this.producer = this.kafka.producer('test');
    this.admin = new TopicAdmin(() => createClient(settings, { retries: 3 }));
  }

  async freshTopic(partitions = 1, config: TopicSpec['config'] = {}): Promise<string> {
    const name = `${this.prefix}t${this.names++}`;
    await this.kafka.provisionTopics([topicSpec(name, partitions, config)], 1);
    return name;
  }

  /** Commits only when asked, under the group that `committed` looks at. */
  consumer(
    topic: string,
    collected: Collected,
    options: Partial<WindowedConsumerOptions> = {},
    kafka: KafkaConnection = this.kafka,
  ): WindowedConsumer {
    const made = kafka.windowedConsumer({
      groupId: this.groupOf(topic),
      topics: [topic],
      window: { recordsPerPartition: 100, bytes: 16 * 1024 * 1024 },
      commitIntervalMs: 0,
      maxWaitMs: 50,
      onRecord: collected.onRecord,
      ...options,
    });
    this.consumers.push(made);
    return made;
  }

  groupOf(topic: string): string {
    return `${topic}-group`;
  }

  async committed(topic: string): Promise<{ [partition: number]: string }> {
    const offsets = await this.admin.committed(this.groupOf(topic), [topic]);
    return Object.fromEntries(offsets.map(({ partition, offset }) => [partition, String(offset)]));
  }

  async stopConsumers(): Promise<void> {
    await Promise.all(this.consumers.splice(0).map((each) => each.stop(0)));
  }

  async close(): Promise<void> {
    await this.stopConsumers();
    await this.producer.close();
    await this.admin.close();
    await this.kafka.close();
  }
}
