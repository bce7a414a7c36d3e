import type { KafkaConnection, TopicPartition, WindowedConsumer } from '@millrace/kafka';
import { decodeFacts, isDeliveryFact, type TopicNames } from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import type { WebhookClient } from '@millrace/webhook-client';
import type { PersistentSender } from '../sending/persistent-sender';
import type { Dispatcher } from './dispatcher';

export interface DispatchConsumerSettings {
  readonly topics: TopicNames;
  readonly groupId: string;
  readonly window: { readonly recordsPerPartition: number; readonly bytes: number };
}

/**
 * Records of the delivery log that a new owner of a partition reads back. Each holds the facts of a whole flush, so this
 * reaches further back than the records that could not be committed before a crash.
 */
const LOG_TAIL_RECORDS = 500n;
const LOOK_AT_LANES_MS = 500;

/**
 * Reads `deliveries`, one partition of endpoints after another's owner. Before the first record of a newly won partition is
 * handed out, the tail of that partition's delivery log says which attempts the previous owner had finished.
 */
export class DispatchConsumer implements KafkaWorker {
  private readonly consumer: WindowedConsumer;
  private lanesTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly kafka: KafkaConnection,
    private readonly settings: DispatchConsumerSettings,
    private readonly dispatcher: Dispatcher,
    private readonly senders: readonly PersistentSender[],
    private readonly client: Pick<WebhookClient, 'close'>,
    private readonly logger: Logger,
  ) {
    this.consumer = kafka.windowedConsumer({
      groupId: settings.groupId,
      topics: [settings.topics.deliveries],
      window: settings.window,
      onAssigned: ({ gained }) => this.readLogTails(gained),
      onRecord: (record) => this.dispatcher.accept(record),
    });
  }

  start(): Promise<void> {
    this.lanesTimer = setInterval(() => this.dispatcher.parkOverdue(), LOOK_AT_LANES_MS);
    return this.consumer.start();
  }

  async stop(drainMs: number): Promise<void> {
    clearInterval(this.lanesTimer);
    await this.dispatcher.stop(drainMs);
    // What is still held waits, and waits on in Kafka: the last commit says what of it is finished.
    await this.consumer.stop(0);
    for (const sender of this.senders) sender.stop();
    await this.client.close();
  }

  health() {
    return this.consumer.health();
  }

  private async readLogTails(gained: readonly TopicPartition[]): Promise<void> {
    if (gained.length === 0) return;
    const topic = this.settings.topics.deliveryLog;
    const ends = await this.kafka.endOffsets(topic);
    let facts = 0;
    await Promise.all(
      gained.map(async ({ partition }) => {
        const end = ends.get(partition) ?? 0n;
        if (end === 0n) return;
        await this.kafka.readRange({
          topic,
          partition,
          from: end > LOG_TAIL_RECORDS ? end - LOG_TAIL_RECORDS : 0n,
          to: end,
          onMessage: (message) => {
            for (const fact of (decodeFacts(message) ?? []).filter(isDeliveryFact)) {
              facts++;
              if (fact.kind === 'attempt-finished' || fact.kind === 'ended')
                this.dispatcher.noteFinished(fact.deliveryId, fact.epoch, fact.attempt, Number.MAX_SAFE_INTEGER);
              else if (fact.kind === 'parked')
                this.dispatcher.noteFinished(fact.deliveryId, fact.epoch, fact.attempt, fact.parkings);
            }
          },
        });
      }),
    );
    this.logger.info({ partitions: gained.length, facts }, 'read the tail of the delivery log');
  }
}
