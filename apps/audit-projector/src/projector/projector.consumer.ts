import { setTimeout as wait } from 'node:timers/promises';
import type { ConsumedRecord, ConsumerHealth, KafkaConnection, WindowedConsumer } from '@millrace/kafka';
import { type CheckpointStore, ZombieProjector } from '@millrace/postgres';
import type { Logger } from '@millrace/telemetry';
import type { HistoryBatch } from './history-batch';
import { ExpectedOffsets, type Projection } from './projection';
import { batchProjected, projectionFailed } from './projector-telemetry';

export interface ProjectorSettings {
  readonly groupId: string;
  readonly topics: readonly string[];
}

/** Records that go together, and what they fold to. */
interface Taken {
  readonly records: readonly ConsumedRecord[];
  readonly batch: HistoryBatch;
}

/** A batch is written when it has this many facts, or when its first has waited. */
export const BATCH_FACTS = 6_000;
const BATCH_BYTES = 8 * 1024 * 1024;
/**
 * How long the first of a batch waits for others. Of a busy log more is taken at a time: what comes of one delivery in a
 * quarter of a second is written once, and a row that is written three times costs three times as much.
 */
const LINGER_MS = { calm: 50, busy: 250 };
/** The history is in no hurry: a fetch for each flush of facts would cost Kafka and us more than the facts. */
const MIN_FETCH_BYTES = 64 * 1024;
const MAX_WAIT_MS = 50;
/** Facts of a batch from which on the log is busy. */
const BUSY_FACTS = 500;
/** Short, because records are taken over in no time: after a crash this is how long the history stands still. */
const SESSION_TIMEOUT_MS = 10_000;
const BACKOFF_MS = { first: 100, most: 5_000 };

/**
 * From the log into the tables. Records wait here until a batch is full or its time has come; one batch at a time goes to
 * PostgreSQL. Kafka never learns the position: the checkpoint beside the rows is the only one, so a record is projected
 * exactly once. While PostgreSQL is away the same batch is tried again, the window fills and the partitions pause:
 * nothing is lost, deliveries go on, `health` tells why the history stands still.
 */
export class ProjectorConsumer {
  private readonly expected = new ExpectedOffsets();
  private readonly stopped = new AbortController();
  private consumer: WindowedConsumer | null = null;
  private running: Promise<void> = Promise.resolve();
  private waiting: ConsumedRecord[] = [];
  private waitingBytes = 0;
  private trouble: string | null = null;
  private fatal: string | null = null;
  private assigned = false;
  private wake: (() => void) | null = null;
  private pace: keyof typeof LINGER_MS = 'calm';

  constructor(
    private readonly kafka: KafkaConnection,
    private readonly projection: Projection,
    private readonly checkpoints: CheckpointStore,
    private readonly settings: ProjectorSettings,
    private readonly logger: Logger,
  ) {}

  /**
   * Does not wait for the partitions: after a crash the group gives them back only when the dead member's session is over,
   * and the history can be read all that time.
   */
  async start(): Promise<void> {
    const consumer = this.kafka.windowedConsumer({
      groupId: this.settings.groupId,
      topics: [...this.settings.topics],
      commitIntervalMs: null,
      window: { recordsPerPartition: 2_000, bytes: 64 * 1024 * 1024 },
      minFetchBytes: MIN_FETCH_BYTES,
      maxWaitMs: MAX_WAIT_MS,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      startOffset: (topic, partition) => this.startOffset(topic, partition),
      onRecord: (record) => this.onRecord(record),
    });
    this.consumer = consumer;
    this.running = this.run();
    consumer.start().then(
      () => {
        this.assigned = true;
      },
      (error: unknown) => {
        if (!this.stopped.signal.aborted) this.fatal = `the log cannot be read: ${(error as Error).message}`;
      },
    );
  }

  /** What is held is written if PostgreSQL is there; what is not is read again by the next owner. */
  async stop(drainMs: number): Promise<void> {
    const drained = this.consumer?.stop(drainMs);
    this.wake?.();
    await drained;
    this.stopped.abort();
    this.wake?.();
    await this.running;
  }

  health(): ConsumerHealth {
    const consumer = this.consumer?.health() ?? { alive: true, reason: 'starting', assigned: [] };
    if (this.fatal !== null) return { ...consumer, alive: false, reason: this.fatal };
    const waiting = this.assigned ? null : 'waiting for partitions of the log';
    return { ...consumer, reason: this.trouble ?? consumer.reason ?? waiting };
  }

  private onRecord(record: ConsumedRecord): void {
    this.waiting.push(record);
    this.waitingBytes += record.message.value?.length ?? 0;
    if (this.waiting.length === 1 || this.isFull()) this.wake?.();
  }

  private isFull(): boolean {
    return this.waiting.length >= BATCH_FACTS || this.waitingBytes >= BATCH_BYTES;
  }

  private async run(): Promise<void> {
    while (!this.stopped.signal.aborted && this.fatal === null) {
      if (this.waiting.length === 0) await this.woken(null);
      if (!this.isFull() && !this.stopped.signal.aborted) await this.woken(LINGER_MS[this.pace]);
      while (this.waiting.length > 0 && !this.stopped.signal.aborted && this.fatal === null) {
        const taken = this.take();
        await this.projectUntilStored(taken);
        this.pace = taken.batch.size < BUSY_FACTS ? 'calm' : 'busy';
        // what a full batch left behind has waited already
        if (!this.isFull() && taken.batch.size < BATCH_FACTS) break;
      }
    }
  }

  private woken(timeoutMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = timeoutMs === null ? null : setTimeout(resolve, timeoutMs);
      this.wake = () => {
        if (timer !== null && !this.isFull() && !this.stopped.signal.aborted) return;
        if (timer !== null) clearTimeout(timer);
        this.wake = null;
        resolve();
      };
    });
  }

  /** As many records as make up a batch. Facts are counted by folding, because one record holds many. */
  private take(): Taken {
    const batch = this.projection.newBatch();
    let count = 0;
    let bytes = 0;
    while (count < this.waiting.length && batch.size < BATCH_FACTS && bytes < BATCH_BYTES) {
      const { message } = this.waiting[count++]!;
      bytes += message.value?.length ?? 0;
      batch.add(message);
    }
    const taken = this.waiting.splice(0, count);
    this.waitingBytes -= bytes;
    return { records: taken, batch };
  }

  private async projectUntilStored(taken: Taken): Promise<void> {
    let backoff = BACKOFF_MS.first;
    while (!this.stopped.signal.aborted && this.fatal === null) {
      const held = taken.records.filter((record) => record.current);
      const records = held.filter(({ message }) => !this.isStored(message));
      const startedAt = performance.now();
      try {
        if (records.length > 0) {
          const batch = records.length === taken.records.length ? taken.batch : this.fold(records);
          await this.projection.project(
            records.map(({ message }) => message),
            batch,
            this.expected,
          );
          batchProjected(this.logger, batch, records.at(-1)!.message.timestamp, performance.now() - startedAt);
        }
        for (const record of held) record.complete();
        this.trouble = null;
        return;
      } catch (error) {
        if (error instanceof ZombieProjector && (await this.readAgain(records))) continue;
        this.trouble = `the history is not written: ${(error as Error).message}`;
        projectionFailed(this.logger, error, records.length);
        await wait(backoff, undefined, { signal: this.stopped.signal }).catch(() => {});
        backoff = Math.min(backoff * 2, BACKOFF_MS.most);
      }
    }
  }

  private fold(records: readonly ConsumedRecord[]): HistoryBatch {
    const batch = this.projection.newBatch();
    for (const { message } of records) batch.add(message);
    return batch;
  }

  private isStored({ topic, partition, offset }: ConsumedRecord['message']): boolean {
    return offset < (this.expected.get(topic, partition) ?? 0n);
  }

  /**
   * The partition's former owner committed once more after this process had read the checkpoint: what it stored is
   * skipped. A checkpoint that went back means records that this process has no longer: only a fresh start reads them.
   */
  private async readAgain(records: readonly ConsumedRecord[]): Promise<boolean> {
    try {
      const partitions = new Map(records.map(({ message }) => [`${message.topic}/${message.partition}`, message]));
      for (const { topic, partition } of partitions.values()) {
        const stored = await this.checkpoints.nextOffset(topic, partition);
        if ((stored ?? 0n) < (this.expected.get(topic, partition) ?? 0n))
          this.fatal = `the checkpoint of ${topic}/${partition} went back to ${stored}`;
        this.expected.set(topic, partition, stored);
      }
      return true;
    } catch {
      return false;
    }
  }

  private async startOffset(topic: string, partition: number): Promise<bigint | null> {
    let backoff = BACKOFF_MS.first;
    for (;;) {
      try {
        const offset = await this.checkpoints.nextOffset(topic, partition);
        this.expected.set(topic, partition, offset);
        return offset;
      } catch (error) {
        if (this.stopped.signal.aborted) throw error;
        this.trouble = `the checkpoint cannot be read: ${(error as Error).message}`;
        await wait(backoff, undefined, { signal: this.stopped.signal }).catch(() => {});
        backoff = Math.min(backoff * 2, BACKOFF_MS.most);
      }
    }
  }
}
