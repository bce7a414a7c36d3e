import type { DurableProducer, KafkaConnection } from '@millrace/kafka';
import { OutboxRelay, type OutboxTicket } from '@millrace/postgres';
import type { TopicNames } from '@millrace/protocol';
import { type KafkaWorker, Worker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { MOST_PUBLICATION_STEPS, publicationSteps } from './publication-steps';

/** A step of a publish is given up after this. */
const DELIVERY_TIMEOUT_MS = 10_000;
/** A successor of a relay that was cut off waits a little longer than a publish lives before its own first. */
const FENCE_MS = MOST_PUBLICATION_STEPS * DELIVERY_TIMEOUT_MS + 2_000;

/**
 * Carries the outbox to Kafka: records of `endpoints`, `api-keys` and `recoveries`, and of test deliveries. It starts before the consumers
 * and ends after them, because whoever writes configuration waits for it.
 */
@Worker('publishers')
export class ConfigurationRelay implements KafkaWorker {
  private readonly producer: DurableProducer;
  private readonly relay: OutboxRelay;

  constructor(
    kafka: KafkaConnection,
    place: { readonly databaseUrl: string; readonly schema: string },
    topics: Pick<TopicNames, 'recoveries'>,
    private readonly logger: Logger,
  ) {
    this.producer = kafka.producer('configuration-relay', { deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
    this.relay = new OutboxRelay({
      ...place,
      publish: async (messages) => {
        for (const step of publicationSteps(messages, topics)) await this.producer.send(step);
      },
      fenceMs: FENCE_MS,
      logger,
    });
  }

  async start(): Promise<void> {
    // connects early, so that the first change need not wait; a broker that is away does not keep the service from starting
    this.producer.connect().catch((error: unknown) => this.logger.warn({ error }, 'the relay has no broker yet'));
    await this.relay.start();
  }

  async stop(drainMs: number): Promise<void> {
    await this.relay.stop(drainMs);
    await this.producer.close();
  }

  health(): { alive: boolean; reason: string | null } {
    return this.relay.health();
  }

  /** See OutboxRelay: rejects NotPublished when Kafka has not acknowledged in time. */
  waitPublished(ticket: OutboxTicket, timeoutMs: number): Promise<void> {
    return this.relay.waitPublished(ticket, timeoutMs);
  }
}
