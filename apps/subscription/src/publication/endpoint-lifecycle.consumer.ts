import { isTenantName } from '@millrace/domain';
import type { ConsumedRecord, KafkaConnection, WindowedConsumer } from '@millrace/kafka';
import { decodeEndpointDisabled, type EndpointDisabled, type TopicNames } from '@millrace/protocol';
import { type KafkaWorker, Worker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { isEndpointId } from '../endpoints/endpoint-id';

export interface LifecycleConsumerSettings {
  readonly topics: Pick<TopicNames, 'endpointLifecycle'>;
  readonly groupId: string;
  /** Wait after a failure before the same fact is tried again, in ms. */
  readonly retryMs: number;
}

/**
 * Reads what the delivery service decided about endpoints, one fact after the other. A fact is complete when its change is
 * committed; while PostgreSQL is away the fact waits, and is tried again. What cannot be read is told and passed over: it
 * is no decision of ours.
 */
/** Whether a fact speaks of something that can exist; what cannot would fail in the database for ever. */
const canBeTrue = (fact: EndpointDisabled): boolean =>
  isEndpointId(fact.endpointId) &&
  isTenantName(String(fact.tenant)) &&
  Number.isInteger(fact.endpointVersion) &&
  fact.reason === 'receiver_answered_410';

@Worker('consumers')
export class EndpointLifecycleConsumer implements KafkaWorker {
  private readonly consumer: WindowedConsumer;
  private queue: Promise<void> = Promise.resolve();
  private stopping = new AbortController();
  private trouble: string | null = null;

  constructor(
    kafka: KafkaConnection,
    private readonly settings: LifecycleConsumerSettings,
    private readonly disable: (fact: EndpointDisabled) => Promise<unknown>,
    private readonly logger: Logger,
  ) {
    this.consumer = kafka.windowedConsumer({
      groupId: settings.groupId,
      topics: [settings.topics.endpointLifecycle],
      window: { recordsPerPartition: 100, bytes: 8 * 1024 * 1024 },
      onRecord: (record) => {
        this.queue = this.queue.then(() => this.carryOut(record));
      },
    });
  }

  /**
   * Returns before the group has met: after a crash that takes until the dead member's session ends, and configuration can
   * be served meanwhile.
   */
  async start(): Promise<void> {
    this.consumer.start().catch((error: unknown) => {
      this.trouble = 'the consumer of endpoint-lifecycle did not start';
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

  private async carryOut(record: ConsumedRecord): Promise<void> {
    const fact = decodeEndpointDisabled(record.message);
    if (fact === null || !canBeTrue(fact)) {
      if (record.message.value !== null)
        this.logger.warn(
          { topic: record.message.topic, offset: record.message.offset.toString() },
          'a record of endpoint-lifecycle is none of ours',
        );
      record.complete();
      return;
    }
    while (record.current && !this.stopping.signal.aborted) {
      try {
        await this.disable(fact);
        this.trouble = null;
        record.complete();
        return;
      } catch (error) {
        this.trouble = 'a disabled endpoint cannot be stored yet';
        this.logger.warn({ error, endpointId: fact.endpointId }, 'an endpoint could not be disabled yet, trying again');
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
