import type { TopicSpec } from '@millrace/protocol';
import type { WindowedConsumer, WindowedConsumerOptions } from './consumer/windowed-consumer';
import type { KafkaSettings } from './kafka-settings';
import type { DurableProducer, ProducerOptions } from './producer/durable-producer';
import type { CompactedView, CompactedViewOptions } from './reading/compacted-view';
import type { ReadRangeOptions } from './reading/read-range';

export class KafkaConnection {
  constructor(readonly settings: KafkaSettings) {}

  producer(_name: string, _options?: ProducerOptions): DurableProducer {
    throw new Error('not built yet');
  }

  windowedConsumer(_options: WindowedConsumerOptions): WindowedConsumer {
    throw new Error('not built yet');
  }

  compactedView(_options: CompactedViewOptions): CompactedView {
    throw new Error('not built yet');
  }

  /** Bounded read of one partition, to the end captured at the start. */
  async readRange(_options: ReadRangeOptions): Promise<void> {
    throw new Error('not built yet');
  }

  /** High watermark of each partition. */
  async endOffsets(_topic: string): Promise<Map<number, bigint>> {
    throw new Error('not built yet');
  }

  /** What is missing or differs, one sentence for each. */
  async missingTopics(_specs: readonly TopicSpec[]): Promise<string[]> {
    throw new Error('not built yet');
  }

  /** Creates what is missing and sets settings that differ; idempotent. Never changes a partition count. */
  async provisionTopics(_specs: readonly TopicSpec[], _replicationFactor: number): Promise<void> {
    throw new Error('not built yet');
  }

  async ping(): Promise<void> {
    throw new Error('not built yet');
  }

  async close(): Promise<void> {}
}
