import type { IncomingMessage } from '@millrace/protocol';
import { brokerError, type Cluster, fetchError, READ_COMMITTED } from '../client/kafkajs-cluster';
import { ByteWriter } from '../wire/byte-writer';
import { FETCH, type FetchLimits, readFetchAnswer, withoutSession, writeFetchRequest } from '../wire/fetch-request';
import { exchange } from '../wire/frame';
import { readRecords } from '../wire/record-batch-reader';

const EARLIEST = -2;
const LATEST = -1;
const MIB = 1024 * 1024;
const FETCH_BYTES: FetchLimits['bytes'] = { partition: 2 * MIB, total: 8 * MIB };

/** Reads by partition and offset over one cluster connection. One request at a time. */
export class PartitionReader {
  private connected: Promise<void> | null = null;
  private readonly writer = new ByteWriter(1024);

  constructor(private readonly cluster: Cluster) {}

  async partitionsOf(topic: string): Promise<number[]> {
    await this.attend(topic);
    const partitions = this.cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
    if (partitions.length === 0) throw new Error(`the topic ${topic} does not exist`);
    return partitions;
  }

  /** First offset of each partition. */
  beginnings(topic: string): Promise<Map<number, bigint>> {
    return this.listOffsets(topic, EARLIEST, READ_COMMITTED);
  }

  /** The offset after the last record that readers may see. */
  ends(topic: string): Promise<Map<number, bigint>> {
    return this.listOffsets(topic, LATEST, READ_COMMITTED);
  }

  highWatermarks(topic: string): Promise<Map<number, bigint>> {
    return this.listOffsets(topic, LATEST, 0);
  }

  /** First record at or after the time (Unix ms); -1 when there is none. */
  offsetsAt(topic: string, timestamp: number): Promise<Map<number, bigint>> {
    return this.listOffsets(topic, timestamp, READ_COMMITTED);
  }

  /**
   * Fetches from the given positions and moves them on; waits up to `maxWaitMs` when there is nothing.
   * Answers the messages in partition order.
   */
  async fetch(topic: string, positions: Map<number, bigint>, maxWaitMs: number): Promise<IncomingMessage[]> {
    await this.attend(topic);
    await this.cluster.refreshMetadataIfNecessary();
    const messages: IncomingMessage[] = [];
    for (const [leader, partitions] of this.byLeader(topic, positions.keys())) {
      const broker = await this.cluster.findBroker({ nodeId: leader });
      const wanted = partitions.map((partition) => ({
        topic,
        partition,
        position: Number(positions.get(partition)),
      }));
      const { payload, throttle } = await exchange(
        broker,
        FETCH,
        (clientId) =>
          writeFetchRequest(
            this.writer,
            clientId,
            { maxWaitMs, minBytes: 1, bytes: FETCH_BYTES },
            withoutSession(wanted),
          ),
        maxWaitMs,
      );
      const answer = readFetchAnswer(payload);
      throttle(answer.throttleMs);
      if (answer.code !== 0) throw brokerError(answer.code);
      for (const found of answer.partitions) {
        if (found.code !== 0) throw fetchError(found.code, topic, found.partition);
        const read = readRecords(found, Number(positions.get(found.partition)));
        positions.set(found.partition, BigInt(read.next));
        for (const message of read.messages) messages.push(message);
      }
    }
    return messages;
  }

  async disconnect(): Promise<void> {
    await this.cluster.disconnect();
  }

  private async attend(topic: string): Promise<void> {
    this.connected ??= this.cluster.connect();
    await this.connected;
    await this.cluster.addMultipleTargetTopics([topic]);
  }

  private async listOffsets(topic: string, timestamp: number, isolationLevel: number): Promise<Map<number, bigint>> {
    const offsets = new Map<number, bigint>();
    const partitions = await this.partitionsOf(topic);
    await this.cluster.refreshMetadataIfNecessary();
    for (const [leader, ids] of this.byLeader(topic, partitions)) {
      const broker = await this.cluster.findBroker({ nodeId: leader });
      const { responses } = await broker.listOffsets({
        isolationLevel,
        topics: [{ topic, partitions: ids.map((partition) => ({ partition, timestamp })) }],
      });
      for (const response of responses)
        for (const { partition, offset } of response.partitions) offsets.set(partition, BigInt(offset));
    }
    return offsets;
  }

  private byLeader(topic: string, partitions: Iterable<number>): Map<number, number[]> {
    const leaders = new Map<number, number>();
    for (const { partitionId, leader } of this.cluster.findTopicPartitionMetadata(topic))
      leaders.set(partitionId, leader);
    const grouped = new Map<number, number[]>();
    for (const partition of partitions) {
      const leader = leaders.get(partition);
      if (leader === undefined || leader < 0) throw new Error(`partition ${partition} of ${topic} has no leader now`);
      const ids = grouped.get(leader);
      if (ids) ids.push(partition);
      else grouped.set(leader, [partition]);
    }
    return grouped;
  }
}
