import { BelievedClock, type DeliveryTask, type RetryTierName } from '@millrace/domain';
import type { ConsumedRecord, KafkaConnection, WindowedConsumerOptions } from '@millrace/kafka';
import { encodeDelivery, type IncomingMessage, type OutgoingMessage, topicNames } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import type { WaitClock } from './broker-clock';
import { TierMover, type TierMoverSettings } from './tier-mover.consumer';

export const topics = topicNames('t.');
export const START = Date.UTC(2026, 1, 17, 14);

export const task = (more: Partial<DeliveryTask> = {}): DeliveryTask => ({
  deliveryId: 'dlv_1',
  tenant: 'default',
  endpointId: 'ep_1',
  eventId: 'evt_1',
  eventKey: 'key',
  eventType: 'order.created',
  eventTime: '2026-02-17T14:00:00Z',
  subject: null,
  contract: { name: 'standard', version: 1 },
  trigger: { kind: 'event' },
  epoch: 1,
  attempt: 2,
  acceptedAt: START - 10_000,
  firstFailedAt: START - 1,
  expiresAt: null,
  remainingDelayMs: 1_000,
  plannedAt: null,
  chain: null,
  destination: null,
  replay: null,
  ...more,
});

/** A task as it stands in a topic, as the consumer gives it. */
export const recordOf = (topic: string, each: DeliveryTask, place: Partial<IncomingMessage>): IncomingMessage => {
  const { headers, value, key } = encodeDelivery(topic, { task: each, body: Buffer.from('{}'), traceparent: '' });
  return {
    topic,
    partition: 0,
    offset: 0n,
    timestamp: START,
    key: Buffer.from(key ?? ''),
    value,
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
    ...place,
  };
};

/**
 * The clocks of a machine and of its broker, all on jest's fake time. They can be set; the broker is asked as BrokerClock asks
 * it, with an answer after `roundTripMs`.
 */
export class FakeClocks implements WaitClock {
  wallOff = 0;
  monotonicOff = 0;
  brokerOff = 0;
  roundTripMs = 4;
  /** What reading the clocks takes, in ms: not the same each time. */
  readMs = () => 0;
  asked = 0;
  private readonly begun = performance.now();
  private readonly believed = new BelievedClock(this.reading);
  private readonly listeners: (() => void)[] = [];
  private asking: Promise<void> | null = null;

  get elapsed(): number {
    return performance.now() - this.begun;
  }

  get broker(): number {
    return Math.floor(START + this.elapsed + this.brokerOff);
  }

  now(): number {
    const { reading } = this;
    if (this.believed.disagrees(reading)) void this.ask();
    return this.believed.now(reading);
  }

  ticks(): number {
    return this.believed.passed(this.reading) + this.readMs();
  }

  ask(): Promise<void> {
    this.asking ??= this.answer().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  onMoved(listener: () => void): void {
    this.listeners.push(listener);
  }

  private get reading() {
    const { elapsed } = this;
    return { wall: Math.floor(START + elapsed + this.wallOff), monotonic: elapsed + this.monotonicOff };
  }

  private async answer(): Promise<void> {
    this.asked++;
    const sentAt = this.reading.monotonic;
    await new Promise((resolve) => setTimeout(resolve, this.roundTripMs));
    const { movedMs } = this.believed.correct(this.broker, sentAt, this.reading);
    if (movedMs !== 0) for (const listener of this.listeners) listener();
  }
}

export interface Moved {
  readonly topic: string;
  readonly task: DeliveryTask;
  /** Ms since the start. */
  readonly at: number;
}

/** A mover whose records come from the test, on fake time. */
export class MoverWorld {
  readonly clocks = new FakeClocks();
  readonly moved: Moved[] = [];
  readonly finished: string[] = [];
  readonly mover: TierMover;
  /** How long Kafka takes to acknowledge. */
  ackMs = 1;
  private options!: WindowedConsumerOptions;
  private readonly ours = new Map<string, { current: boolean }>();
  private offset = 0n;
  private stopSending: () => void = () => {};

  constructor(settings: Partial<TierMoverSettings> = {}) {
    const kafka: Pick<KafkaConnection, 'windowedConsumer'> = {
      windowedConsumer: (options) => {
        this.options = options;
        return { start: async () => {}, stop: async () => {}, health: () => ({}) } as never;
      },
    };
    const stopped = new Promise<boolean>((resolve) => {
      this.stopSending = () => resolve(false);
    });
    const messages = {
      send: (sent: readonly OutgoingMessage[]) => Promise.race([this.take(sent), stopped]),
      stop: () => this.stopSending(),
    };
    this.mover = new TierMover(
      kafka,
      { topics, timeScale: 1, groupId: 'g', partitions: 12, leadMs: 100, ...settings },
      { messages, clock: this.clocks, utilization: () => 0.7 },
      silentLogger,
    );
  }

  /** A record of the tier comes, appended by the broker `ageMs` ago. */
  arrive(tier: RetryTierName, each: DeliveryTask, { partition = 0, ageMs = 0, finish = true } = {}): void {
    const topic = topics.retry(tier);
    const name = `${topic}/${partition}`;
    const tenure = this.ours.get(name) ?? { current: true };
    this.ours.set(name, tenure);
    const message = recordOf(topic, each, {
      partition,
      offset: this.offset++,
      timestamp: this.clocks.broker - ageMs,
    });
    const record: ConsumedRecord = {
      message,
      epoch: 1,
      get current() {
        return tenure.current;
      },
      complete: () => void this.finished.push(each.deliveryId),
    };
    this.options.onRecord(record);
    if (finish) this.options.onBatchEnd?.(topic, partition);
  }

  async lose(tier: RetryTierName, partition = 0): Promise<void> {
    const topic = topics.retry(tier);
    const name = `${topic}/${partition}`;
    const tenure = this.ours.get(name);
    if (tenure) tenure.current = false;
    this.ours.delete(name);
    await this.options.onAssigned?.({ epoch: 2, gained: [], lost: [{ topic, partition }] });
  }

  private async take(sent: readonly OutgoingMessage[]): Promise<boolean> {
    const at = this.clocks.elapsed;
    for (const { topic, headers } of sent)
      this.moved.push({ topic, at, task: JSON.parse(headers['millrace-task'] ?? '{}') as DeliveryTask });
    await new Promise((resolve) => setTimeout(resolve, this.ackMs));
    return true;
  }
}
