import type { OutgoingMessage } from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';
import type { Kafka } from 'kafkajs';
import { failureName, isRefusal } from '../client/failure';
import { backoffMs, Pause, within } from '../client/waiting';
import { type Compression, type DurableProducer, ProduceFailed } from './durable-producer';
import { IdempotentSender } from './idempotent-sender';
import { type Batch, firstDeadline, halves, SendQueue, splitExpired } from './send-queue';

const produced = metrics.counter('millrace_kafka_records_produced_total', 'Records acknowledged by Kafka', [
  'producer',
]);
const failedSends = metrics.counter(
  'millrace_kafka_send_failures_total',
  'Sends that failed and were repeated or given up',
  ['producer', 'error'],
);

/** A request stays under the broker's 1 MiB for one batch of one partition, whatever it is made of. */
const BATCH_BYTES = 900 * 1024;
/** The event loop stands still while a batch is written, for a millisecond or two; longer ones save little. */
const BATCH_RECORDS = 1_000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;
const CLOSE_MS = 3_000;

export interface BatchingProducerSettings {
  readonly name: string;
  readonly deliveryTimeoutMs: number;
  readonly compression: Compression;
  readonly maxBufferedBytes: number;
  readonly requestTimeoutMs: number;
  readonly logger: Logger;
}

export interface BatchingProducerPorts {
  /** A new kafkajs client; called for each new sender. */
  readonly kafka: () => Kafka;
  /** Ms of a clock that nobody sets: only differences count. */
  readonly now: () => number;
}

/**
 * The life of a call: it waits in the queue, goes out with others in a batch, and is settled by the batch's answer. There
 * is never a second send while one is unanswered or being repeated, so a repeat can be taken for nothing but itself.
 *
 * A sender ends with the first error that it could not mend by repeating: what was written of the failed batch is unknown,
 * and its sequence numbers with it. A new sender has a new producer id, and the batch goes out again.
 */
export class BatchingProducer implements DurableProducer {
  private readonly queue: SendQueue;
  private readonly pause = new Pause();
  private sender: Promise<IdempotentSender> | null = null;
  private loop: Promise<void> | null = null;
  private closed = false;

  constructor(
    private readonly settings: BatchingProducerSettings,
    private readonly ports: BatchingProducerPorts,
  ) {
    this.queue = new SendQueue({
      batchBytes: BATCH_BYTES,
      batchRecords: BATCH_RECORDS,
      bufferedBytes: settings.maxBufferedBytes,
    });
  }

  get bufferedBytes(): number {
    return this.queue.bufferedBytes;
  }

  async connect(): Promise<void> {
    for (let failures = 0; !this.closed; failures++) {
      try {
        await this.liveSender();
        return;
      } catch (error) {
        this.settings.logger.warn(
          { producer: this.settings.name, error: String(error) },
          'no connection to Kafka for the producer yet',
        );
        await this.pause.wait(backoffMs(failures, FIRST_RETRY_MS, LONGEST_RETRY_MS));
      }
    }
  }

  send(messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.closed) return Promise.reject(new ProduceFailed('the producer is closed', false));
    if (messages.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.queue.add(messages, this.ports.now() + this.settings.deliveryTimeoutMs, resolve, reject);
      this.loop ??= this.run();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.pause.end();
    await this.loop;
    const sender = this.sender;
    this.sender = null;
    if (sender) await within(CLOSE_MS, 'closing the producer', disconnected(sender)).catch(() => {});
  }

  private async run(): Promise<void> {
    // What is sent in the same turn of the event loop goes out together.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.queue.empty) {
      const batch = this.queue.take();
      if (batch.records > 0) await this.deliver(batch);
    }
    this.loop = null;
  }

  private async deliver(batch: Batch): Promise<void> {
    let open = batch;
    let last: unknown = null;
    for (let failures = 0; ; failures++) {
      const now = this.ports.now();
      const split = splitExpired(open, now);
      if (split.expired.records > 0) this.giveUp(split.expired, last);
      open = split.open;
      if (open.records === 0) return;
      try {
        await within(firstDeadline(open) - now, 'a send', this.attempt(open));
        this.queue.acknowledge(open);
        produced.inc({ producer: this.settings.name }, open.records);
        return;
      } catch (error) {
        last = error;
        this.noteFailure(open, error);
        if (isRefusal(error)) return this.refused(open, error);
        await this.pause.wait(Math.min(backoffMs(failures, FIRST_RETRY_MS, LONGEST_RETRY_MS), this.untilExpiry(open)));
      }
    }
  }

  private async attempt(batch: Batch): Promise<void> {
    const ready = this.liveSender();
    const sender = await ready;
    if (this.sender !== ready) throw new Error('the producer was replaced while it connected');
    if (sender.isSpent(this.ports.now())) {
      this.settings.logger.info({ producer: this.settings.name }, 'the producer has served its time and is replaced');
      this.discardSender();
      return this.attempt(batch);
    }
    await sender.send(batch);
  }

  private noteFailure(batch: Batch, error: unknown): void {
    this.discardSender();
    const name = failureName(error);
    failedSends.inc({ producer: this.settings.name, error: name });
    this.settings.logger.warn(
      { producer: this.settings.name, records: batch.records, error: name, detail: String(error) },
      'a send failed; the producer is replaced',
    );
  }

  /** One call's messages are the fault of that call: the others go on without it. */
  private async refused(batch: Batch, error: unknown): Promise<void> {
    if (batch.parts.length > 1) {
      for (const half of halves(batch)) await this.deliver(half);
      return;
    }
    this.queue.fail(
      batch,
      new ProduceFailed(`Kafka refused the messages: ${failureName(error)}`, false, { cause: error }),
    );
  }

  private giveUp(batch: Batch, error: unknown): void {
    const { deliveryTimeoutMs } = this.settings;
    const why = error === null ? 'it waited behind others' : failureName(error);
    this.queue.fail(
      batch,
      new ProduceFailed(`no acknowledgement within ${deliveryTimeoutMs} ms: ${why}`, true, { cause: error }),
    );
  }

  private untilExpiry(batch: Batch): number {
    return Math.max(0, firstDeadline(batch) - this.ports.now());
  }

  private liveSender(): Promise<IdempotentSender> {
    if (this.sender === null) {
      const opening = this.openSender();
      this.sender = opening;
      opening.catch(() => {
        if (this.sender === opening) this.sender = null;
      });
    }
    return this.sender;
  }

  private async openSender(): Promise<IdempotentSender> {
    const { compression, requestTimeoutMs } = this.settings;
    const sender = new IdempotentSender(this.ports.kafka(), compression, requestTimeoutMs, this.ports.now());
    try {
      await sender.connect();
    } catch (error) {
      sender.discard();
      throw error;
    }
    return sender;
  }

  private discardSender(): void {
    this.sender?.then(
      (sender) => sender.discard(),
      () => {},
    );
    this.sender = null;
  }
}

const disconnected = async (sender: Promise<IdempotentSender>): Promise<void> => (await sender).disconnect();
