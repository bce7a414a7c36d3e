import type { DurableProducer, KafkaConnection } from '@millrace/kafka';
import { OutboxRelay, type OutboxTicket } from '@millrace/postgres';
import type { Logger } from '@millrace/telemetry';
import { type KafkaWorker, Worker } from '../workers/worker';
import { mostPublicationSteps, publicationSteps } from './publication-steps';

/** A step of a publish is given up after this. */
const DELIVERY_TIMEOUT_MS = 10_000;

export interface ConfigurationRelaySettings {
  readonly databaseUrl: string;
  readonly schema: string;
  /** Topics whose records go out when all others of a publish are acknowledged, in this order. */
  readonly later: readonly string[];
  /** Resolves when the outbox is there; the relay waits for it, the start of the service does not. */
  readonly whenReady?: Promise<void>;
}

/**
 * Carries the outbox of a service to Kafka: the records of its configuration, and what has to follow them. It starts before
 * the consumers and ends after them, because whoever writes configuration waits for it.
 */
@Worker('publishers')
export class ConfigurationRelay implements KafkaWorker {
  private readonly producer: DurableProducer;
  private readonly relay: OutboxRelay;

  constructor(
    kafka: KafkaConnection,
    private readonly settings: ConfigurationRelaySettings,
    private readonly logger: Logger,
  ) {
    const { databaseUrl, schema, later } = settings;
    this.producer = kafka.producer('configuration-relay', { deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
    this.relay = new OutboxRelay({
      databaseUrl,
      schema,
      publish: async (messages) => {
        for (const step of publicationSteps(messages, later)) await this.producer.send(step);
      },
      // a successor of a relay that was cut off waits a little longer than a publish lives before its own first
      fenceMs: mostPublicationSteps(later) * DELIVERY_TIMEOUT_MS + 2_000,
      logger,
    });
  }

  async start(): Promise<void> {
    // connects early, so that the first change need not wait; a broker that is away does not keep the service from starting
    this.producer.connect().catch((error: unknown) => this.logger.warn({ error }, 'the relay has no broker yet'));
    const { whenReady } = this.settings;
    if (whenReady === undefined) await this.relay.start();
    else void whenReady.then(() => this.relay.start());
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
