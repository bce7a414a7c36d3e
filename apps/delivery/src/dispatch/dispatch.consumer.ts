import type { KafkaConnection, WindowedConsumer } from '@millrace/kafka';
import { decodeFacts, isDeliveryFact, type TopicNames } from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import type { WebhookClient } from '@millrace/webhook-client';
import type { DispatchStatePublisher } from '../parking/dispatch-state.publisher';
import type { DispatchStateView } from '../parking/dispatch-state.view';
import type { EndpointHealthPublisher } from '../parking/endpoint-health.publisher';
import type { EndpointHealthView } from '../parking/endpoint-health.view';
import type { ParkedRecords } from '../parking/parked-records.reader';
import type { PersistentSender } from '../sending/persistent-sender';
import type { Dispatcher } from './dispatcher';
import type { OwnedPartition } from './owned-endpoint';

export interface DispatchConsumerSettings {
  readonly topics: TopicNames;
  readonly groupId: string;
  readonly window: { readonly recordsPerPartition: number; readonly bytes: number };
}

export interface DispatchConsumerParts {
  readonly dispatcher: Dispatcher;
  readonly stateView: DispatchStateView;
  readonly healthView: EndpointHealthView;
  readonly state: DispatchStatePublisher;
  readonly health: EndpointHealthPublisher;
  readonly records: ParkedRecords;
  readonly senders: readonly PersistentSender[];
  readonly client: Pick<WebhookClient, 'close'>;
}

/**
 * Records of the delivery log that a new owner of a partition reads back at least. Each holds the facts of a whole flush, so
 * this reaches further back than the records that could not be committed before a crash.
 */
const LOG_TAIL_RECORDS = 500;
const LOOK_AROUND_MS = 250;
const CHECKPOINT_MS = 2_000;
const LAST_CHECKPOINT_MS = 2_000;

/**
 * Reads `deliveries`, one partition of endpoints after another's owner. Before the first record of a newly won partition is
 * handed out, the dispatch state says what of it is parked, held or fenced, the endpoint health how its endpoints are doing, and
 * the tail of its delivery log which attempts the previous owner had finished.
 */
export class DispatchConsumer implements KafkaWorker {
  private readonly consumer: WindowedConsumer;
  private timers: NodeJS.Timeout[] = [];
  private readonly listeners: (() => void)[] = [];
  private checkpointed = new Map<number, bigint>();
  private checkpointing: Promise<void> | null = null;

  constructor(
    private readonly kafka: KafkaConnection,
    private readonly settings: DispatchConsumerSettings,
    private readonly parts: DispatchConsumerParts,
    private readonly logger: Logger,
  ) {
    const { topics, groupId, window } = settings;
    this.consumer = kafka.windowedConsumer({
      groupId,
      topics: [topics.deliveries],
      window,
      onAssigned: async ({ gained }) => {
        this.dropLost();
        await this.takeOver(gained.map(({ partition }) => partition));
        this.tellOwnership();
      },
      wantsMore: () => parts.dispatcher.wantsMore,
      onRecord: (record) => parts.dispatcher.accept(record),
    });
    parts.stateView.onForeignWrite((partition, key) => parts.dispatcher.endpoints.heal(partition, key));
  }

  /** Offsets before this one have been handed out. */
  position(partition: number): number | null {
    return this.consumer.positionOf(this.settings.topics.deliveries, partition);
  }

  onOwnershipChanged(listener: () => void): void {
    this.listeners.push(listener);
  }

  owns(partition: number): boolean {
    return this.parts.dispatcher.endpoints.partition(partition) !== undefined;
  }

  start(): Promise<void> {
    const every = (ms: number, act: () => void): void => {
      this.timers.push(setInterval(act, ms));
    };
    every(LOOK_AROUND_MS, () => {
      this.dropLost();
      this.parts.dispatcher.lookAround();
      this.consumer.handOutAgain();
    });
    every(CHECKPOINT_MS, () => this.beginCheckpoint());
    return this.consumer.start();
  }

  async stop(drainMs: number): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.parts.dispatcher.stop(drainMs);
    await this.lastCheckpoint();
    // What is still held waits, and waits on in Kafka: the last commit says what of it is finished.
    await this.consumer.stop(0);
    for (const sender of this.parts.senders) sender.stop();
    await Promise.all([this.parts.client.close(), this.parts.records.close()]);
  }

  health() {
    return this.consumer.health();
  }

  private tellOwnership(): void {
    for (const listener of this.listeners) listener();
  }

  /** Partitions that went away since, also those of an assignment that another overtook before it was prepared. */
  private dropLost(): void {
    const assigned = new Set(this.consumer.health().assigned.map(({ partition }) => partition));
    const { dispatcher } = this.parts;
    for (const { partition } of [...dispatcher.endpoints.all()]) {
      if (assigned.has(partition)) continue;
      dispatcher.lose(partition);
      this.tellOwnership();
    }
  }

  private async takeOver(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return;
    const { stateView, healthView, dispatcher } = this.parts;
    const [health, ends] = await Promise.all([
      healthView.recordsOf(partitions),
      this.kafka.endOffsets(this.settings.topics.deliveryLog),
    ]);
    // Last, so that nothing of a former owner can come in between unnoticed.
    const states = await stateView.statesOf(partitions);
    await Promise.all(
      partitions.map(async (partition) => {
        const known = states.get(partition) ?? [];
        const owner = dispatcher.own({ partition, states: known, health: health.get(partition) ?? [] });
        const checkpoint = known.find((state) => state.kind === 'checkpoint');
        await this.readLogTail(owner, ends.get(partition) ?? 0n, checkpoint ? BigInt(checkpoint.logOffset) : null);
        dispatcher.takenOver(owner);
      }),
    );
  }

  private async readLogTail(owner: OwnedPartition, end: bigint, checkpoint: bigint | null): Promise<void> {
    if (end === 0n) return;
    const recent = end > BigInt(LOG_TAIL_RECORDS) ? end - BigInt(LOG_TAIL_RECORDS) : 0n;
    const from = checkpoint !== null && checkpoint < recent ? checkpoint : recent;
    let facts = 0;
    await this.kafka.readRange({
      topic: this.settings.topics.deliveryLog,
      partition: owner.partition,
      from,
      to: end,
      onMessage: (message) => {
        for (const fact of (decodeFacts(message) ?? []).filter(isDeliveryFact)) {
          facts++;
          this.parts.dispatcher.noteFact(owner, fact);
        }
      },
    });
    this.logger.info({ partition: owner.partition, facts }, 'read the tail of the delivery log');
  }

  private beginCheckpoint(): void {
    this.checkpointing ??= this.checkpoint()
      .catch((error) => this.logger.warn({ error: String(error) }, 'no checkpoint could be written; trying again'))
      .finally(() => {
        this.checkpointing = null;
      });
  }

  /** Everything that the log says up to here is in the endpoint health and the dispatch state. */
  private async checkpoint(): Promise<void> {
    const ends = await this.kafka.endOffsets(this.settings.topics.deliveryLog);
    const { dispatcher, health, state } = this.parts;
    dispatcher.endpoints.writeChanged();
    await health.flushed();
    for (const { partition } of dispatcher.endpoints.takenOver()) {
      const end = ends.get(partition);
      if (end === undefined || this.checkpointed.get(partition) === end) continue;
      this.checkpointed.set(partition, end);
      state.put(partition, { kind: 'checkpoint', partition, logOffset: Number(end) });
    }
  }

  /** Given up when Kafka does not answer: the next owner reads more of the log then. */
  private async lastCheckpoint(): Promise<void> {
    const last = async (): Promise<void> => {
      await this.checkpointing;
      this.beginCheckpoint();
      await this.checkpointing;
    };
    const late = new Promise<void>((resolve) => setTimeout(resolve, LAST_CHECKPOINT_MS).unref());
    await Promise.race([last(), late]);
  }
}
