import type { Kafka } from 'kafkajs';
import { createCluster } from '../client/kafkajs-cluster';
import { PartitionReader } from './partition-reader';

/** A partition reader that is replaced after an error, so that no stale address or half-open connection stays in use. */
export class SteadyReader {
  private reader: PartitionReader | null = null;

  constructor(private readonly kafka: () => Kafka) {}

  /** Rejects with the error of the work; the next call works with a fresh connection. */
  async use<T>(work: (reader: PartitionReader) => Promise<T>): Promise<T> {
    this.reader ??= new PartitionReader(createCluster(this.kafka()));
    const { reader } = this;
    try {
      return await work(reader);
    } catch (error) {
      if (this.reader === reader) this.reader = null;
      reader.disconnect().catch(() => {});
      throw error;
    }
  }

  async close(): Promise<void> {
    const { reader } = this;
    this.reader = null;
    await reader?.disconnect().catch(() => {});
  }
}
