export {
  type Assignment,
  CommitFailed,
  type ConsumedRecord,
  type ConsumerHealth,
  type ConsumerWindow,
  type WindowedConsumer,
  type WindowedConsumerOptions,
} from './consumer/windowed-consumer';
export { KafkaConnection } from './kafka-connection';
export type { KafkaHealth, KafkaSettings, TopicPartition } from './kafka-settings';
export {
  BufferFull,
  type Compression,
  type DurableProducer,
  ProduceFailed,
  type ProducerOptions,
} from './producer/durable-producer';
export type { CompactedView, CompactedViewOptions } from './reading/compacted-view';
export type { ReadRangeOptions } from './reading/read-range';
export type { RecordReader } from './reading/record-reader';
