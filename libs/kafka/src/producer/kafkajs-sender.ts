import { CompressionTypes, type Kafka, type Producer } from 'kafkajs';
import type { Compression } from './durable-producer';
import type { Batch } from './send-queue';
import { checkAnswers, lastingPartitioner, topicMessages } from './topic-messages';

const TYPES: { readonly [name in Compression]: CompressionTypes } = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

const DAY_MS = 86_400_000;
/** Half of the sequence numbers that a partition has: kafkajs wraps them one too early, which the broker refuses for good. */
const RECORDS_PER_PRODUCER = 2 ** 30;

/** One kafkajs producer with its producer id. It serves until its first error, for a day, or for 2^30 records. */
export class KafkajsSender {
  private sent = 0;
  /** The request that is under way, for as long as kafkajs tries; never rejects. */
  private underWay: Promise<unknown> = Promise.resolve();
  private readonly producer: Producer;

  constructor(
    kafka: Kafka,
    private readonly compression: Compression,
    private readonly produceTimeoutMs: number,
    private readonly bornAt: number,
  ) {
    this.producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: lastingPartitioner,
    });
  }

  connect(): Promise<void> {
    return this.producer.connect();
  }

  /** Rejects with kafkajs' error; the sender must not be used after that. */
  async send(batch: Batch): Promise<void> {
    this.sent += batch.records;
    const sending = this.producer.sendBatch({
      acks: -1,
      timeout: this.produceTimeoutMs,
      compression: TYPES[this.compression],
      topicMessages: topicMessages(batch),
    });
    this.underWay = sending.catch(() => {});
    checkAnswers(batch, await sending);
  }

  isSpent(now: number): boolean {
    return now - this.bornAt >= DAY_MS || this.sent >= RECORDS_PER_PRODUCER;
  }

  /**
   * Disconnects without waiting: what it still carries is of no interest. A second time when kafkajs has given up, because
   * its retries connect anew, and that connection would stay.
   */
  discard(): void {
    const disconnect = (): Promise<void> => this.producer.disconnect().catch(() => {});
    void disconnect();
    void this.underWay.then(disconnect);
  }

  disconnect(): Promise<void> {
    return this.producer.disconnect();
  }
}
