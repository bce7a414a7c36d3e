import type { Kafka } from 'kafkajs';
import { brokerError, type Cluster, createCluster } from '../client/kafkajs-cluster';
import { ByteWriter } from '../wire/byte-writer';
import type { Compression } from '../wire/codecs';
import { exchange } from '../wire/frame';
import {
  type PartitionRecords,
  PRODUCE,
  type ProduceAnswer,
  readProduceAnswer,
  writeProduceRequest,
} from '../wire/produce-request';
import { choosingPartitions, partitionBatches, unacknowledged } from './partition-batches';
import type { Batch } from './send-queue';

const DAY_MS = 86_400_000;
/** Half of the sequence numbers that a partition has: none is ever used twice. */
const RECORDS_PER_PRODUCER = 2 ** 30;
/** Means nothing without a transaction; the broker wants it all the same. */
const TRANSACTION_TIMEOUT_MS = 60_000;
/** While a coordinator comes up or moves, a producer id is to be had a moment later. */
const COORDINATOR_MOVES = new Set([
  'NOT_COORDINATOR_FOR_GROUP',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'CONCURRENT_TRANSACTIONS',
]);

/** What is still to be acknowledged of a batch. */
interface Sending {
  open: readonly PartitionRecords[];
  /** Unix ms: of the first try. */
  readonly timestamp: number;
}

interface SendError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
  readonly host?: string;
  readonly port?: number;
}

/**
 * One producer id with its sequence numbers, over kafkajs' connections and with our own encoding. It serves until its first
 * error, for a day, or for 2^30 records.
 *
 * A try that fails in a way that may pass is repeated, as often as the client's settings say, under the same numbers, by
 * which the broker knows what it has written already; partitions that were acknowledged are not sent again. Only one `send`
 * may be under way.
 */
export class IdempotentSender {
  private sent = 0;
  private discarded = false;
  /** The send that is under way, for as long as it is tried; never rejects. */
  private underWay: Promise<unknown> = Promise.resolve();
  private readonly cluster: Cluster;
  private readonly choose = choosingPartitions();
  private readonly attended = new Set<string>();
  /** By topic and partition, the number of the next record. */
  private readonly sequences = new Map<string, number>();
  private producerId = -1n;
  private producerEpoch = 0;
  /** By node: where its requests are written. */
  private writers = new Map<number, ByteWriter>();

  constructor(
    kafka: Kafka,
    private readonly compression: Compression,
    private readonly produceTimeoutMs: number,
    private readonly bornAt: number,
  ) {
    this.cluster = createCluster(kafka, 1);
  }

  async connect(): Promise<void> {
    await this.cluster.connect();
    await this.cluster.retrier(async (bail) => {
      try {
        await this.cluster.refreshMetadataIfNecessary();
        const broker = await this.cluster.findControllerBroker();
        const answer = await broker.initProducerId({ transactionTimeout: TRANSACTION_TIMEOUT_MS });
        this.producerId = BigInt(answer.producerId);
        this.producerEpoch = answer.producerEpoch;
      } catch (error) {
        if (COORDINATOR_MOVES.has((error as SendError).type ?? '')) throw error;
        bail(error);
      }
    });
  }

  /** Rejects with kafkajs' error; the sender must not be used after that. */
  send(batch: Batch): Promise<void> {
    this.sent += batch.records;
    const sending = this.sendWithRepeats(batch);
    this.underWay = sending.catch(() => {});
    return sending;
  }

  isSpent(now: number): boolean {
    return now - this.bornAt >= DAY_MS || this.sent >= RECORDS_PER_PRODUCER;
  }

  /**
   * Disconnects without waiting: what it still carries is of no interest. A second time when the last try has ended, which
   * may have connected anew.
   */
  discard(): void {
    this.discarded = true;
    const disconnect = (): Promise<void> => this.cluster.disconnect().catch(() => {});
    void disconnect();
    void this.underWay.then(disconnect);
  }

  disconnect(): Promise<void> {
    return this.cluster.disconnect();
  }

  private sendWithRepeats(batch: Batch): Promise<void> {
    let sending: Sending | null = null;
    return this.cluster.retrier(async (bail) => {
      try {
        sending ??= await this.begin(batch);
        await this.cluster.refreshMetadataIfNecessary();
        await this.attempt(sending);
      } catch (error) {
        // The next try is written elsewhere: a connection may still hold the bytes of this one.
        this.writers = new Map();
        if (this.discarded || !(await this.recover(error as SendError))) return bail(error);
        throw error;
      }
    });
  }

  private async begin(batch: Batch): Promise<Sending> {
    await this.attend(batch);
    const placesOf = (topic: string) => this.cluster.findTopicPartitionMetadata(topic);
    const open = partitionBatches(batch, this.choose, placesOf).map((each) => ({
      ...each,
      baseSequence: this.sequences.get(slotOf(each)) ?? 0,
    }));
    return { open, timestamp: Date.now() };
  }

  private async attend(batch: Batch): Promise<void> {
    const fresh = new Set<string>();
    for (const { entries } of batch.parts)
      for (const { message } of entries) if (!this.attended.has(message.topic)) fresh.add(message.topic);
    if (fresh.size === 0) return;
    await this.cluster.addMultipleTargetTopics([...fresh]);
    for (const topic of fresh) this.attended.add(topic);
  }

  /** Sends what is open, one request for each leader, and waits for all answers. Throws the first failure. */
  private async attempt(sending: Sending): Promise<void> {
    const requests = Array.from(this.byLeader(sending.open), ([leader, partitions]) =>
      this.request(leader, partitions, sending.timestamp),
    );
    const failures: unknown[] = [];
    const answers: ProduceAnswer[] = [];
    for (const result of await Promise.allSettled(requests)) {
      if (result.status === 'fulfilled') answers.push(...result.value);
      else failures.push(result.reason);
    }
    const { open, code } = unacknowledged(sending.open, answers);
    for (const done of sending.open)
      if (!open.includes(done)) this.sequences.set(slotOf(done), done.baseSequence + done.records.length);
    sending.open = open;
    if (failures.length > 0) throw failures[0];
    if (code !== null) throw brokerError(code);
    const [silent] = open;
    if (silent) throw new Error(`no broker answered for partition ${silent.partition} of ${silent.topic}`);
  }

  private async request(
    leader: number,
    partitions: readonly PartitionRecords[],
    timestamp: number,
  ): Promise<ProduceAnswer[]> {
    const broker = await this.cluster.findBroker({ nodeId: leader });
    const { payload, throttle } = await exchange(broker, PRODUCE, (clientId) =>
      writeProduceRequest(this.writerOf(leader), partitions, {
        clientId,
        producerId: this.producerId,
        producerEpoch: this.producerEpoch,
        compression: this.compression,
        timeoutMs: this.produceTimeoutMs,
        timestamp,
      }),
    );
    const { answers, throttleMs } = readProduceAnswer(payload);
    throttle(throttleMs);
    return answers;
  }

  private byLeader(open: readonly PartitionRecords[]): Map<number, PartitionRecords[]> {
    const leaders = new Map<number, PartitionRecords[]>();
    for (const each of open) {
      const places = this.cluster.findTopicPartitionMetadata(each.topic);
      const place = places.find(({ partitionId }) => partitionId === each.partition);
      if (place === undefined) throw new Error(`${each.topic} has no partition ${each.partition}`);
      const list = leaders.get(place.leader);
      if (list) list.push(each);
      else leaders.set(place.leader, [each]);
    }
    return leaders;
  }

  private writerOf(leader: number): ByteWriter {
    const writer = this.writers.get(leader) ?? new ByteWriter();
    this.writers.set(leader, writer);
    return writer;
  }

  /** Prepares another try, as kafkajs' own producer does. False when it would fail again. */
  private async recover(error: SendError): Promise<boolean> {
    if (error.name === 'KafkaJSConnectionClosedError')
      this.cluster.removeBroker({ host: error.host!, port: error.port! });
    if (!this.cluster.isConnected()) {
      await this.cluster.connect();
      await this.cluster.refreshMetadata();
      return true;
    }
    if (error.retriable !== true) return false;
    await this.cluster.refreshMetadata();
    return true;
  }
}

const slotOf = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}/${partition}`;
