import type { ConsumedRecord, KafkaConnection, WindowedConsumer } from '@millrace/kafka';
import type { IncomingMessage } from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';

export interface InOrderConsumerSettings<Fact> {
  readonly topic: string;
  readonly groupId: string;
  /** Wait after a failure before the same fact is tried again, in ms. */
  readonly retryMs: number;
  /** Null for a record that speaks of nothing that can exist: it would fail in the database for ever. */
  readonly read: (message: IncomingMessage) => Fact | null;
  /** Commits the fact's effect; may be called again for the same fact. */
  readonly carryOut: (fact: Fact) => Promise<unknown>;
}

/**
 * Carries out what the delivery service says in a topic, one fact after the other. A fact is complete when its effect is
 * committed; while PostgreSQL is away the fact waits, and is tried again. What cannot be read is told and passed over.
 */
export class InOrderConsumer<Fact> implements KafkaWorker {
  private readonly consumer: WindowedConsumer;
  private queue: Promise<void> = Promise.resolve();
  private stopping = new AbortController();
  private trouble: string | null = null;

  constructor(
    kafka: Pick<KafkaConnection, 'windowedConsumer'>,
    private readonly settings: InOrderConsumerSettings<Fact>,
    private readonly logger: Logger,
  ) {
    this.consumer = kafka.windowedConsumer({
      groupId: settings.groupId,
      topics: [settings.topic],
      window: { recordsPerPartition: 100, bytes: 8 * 1024 * 1024 },
      onRecord: (record) => {
        this.queue = this.queue.then(() => this.handle(record));
      },
    });
  }

  /**
   * Returns before the group has met: after a crash that takes until the dead member's session ends, and configuration can
   * be served meanwhile.
   */
  async start(): Promise<void> {
    this.consumer.start().catch((error: unknown) => {
      this.trouble = `the consumer of ${this.settings.topic} did not start`;
      this.logger.error({ error }, this.trouble);
    });
  }

  async stop(drainMs: number): Promise<void> {
    this.stopping.abort();
    await this.consumer.stop(drainMs);
  }

  health(): { alive: boolean; reason: string | null } {
    const { alive, reason } = this.consumer.health();
    return { alive, reason: reason ?? this.trouble };
  }

  private async handle(record: ConsumedRecord): Promise<void> {
    const { message } = record;
    const fact = this.settings.read(message);
    if (fact === null) {
      if (message.value !== null)
        this.logger.warn({ topic: message.topic, offset: message.offset.toString() }, 'a record is none of ours');
      record.complete();
      return;
    }
    while (record.current && !this.stopping.signal.aborted) {
      try {
        await this.settings.carryOut(fact);
        this.trouble = null;
        record.complete();
        return;
      } catch (error) {
        this.trouble = `a record of ${this.settings.topic} cannot be carried out yet`;
        this.logger.warn({ error, topic: message.topic, fact }, 'a record could not be carried out yet, trying again');
        await this.pause();
      }
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, this.settings.retryMs);
      const { signal } = this.stopping;
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }
}
