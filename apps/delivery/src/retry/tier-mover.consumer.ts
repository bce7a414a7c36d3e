import { RETRY_TIERS, type RetryTier } from '@millrace/domain';
import type { ConsumedRecord, KafkaConnection, WindowedConsumer } from '@millrace/kafka';
import {
  decodeDelivery,
  encodeDelivery,
  type OutgoingMessage,
  partitionOfKey,
  type TopicNames,
} from '@millrace/protocol';
import type { KafkaWorker } from '@millrace/service-runtime';
import { type Logger, metrics } from '@millrace/telemetry';
import type { PersistentSender } from '../sending/persistent-sender';
import { rejectUnusableTask } from '../sending/unusable-task';
import { dueAt, nextStep } from './next-step';

export interface TierMoverPorts {
  /** Resolves true when Kafka has the messages, false when the process is stopping. */
  readonly messages: Pick<PersistentSender, 'send' | 'stop'>;
  /** Unix ms. */
  readonly now: () => number;
}

export interface TierMoverSettings {
  readonly topics: TopicNames;
  readonly timeScale: number;
  readonly groupId: string;
  readonly partitions: number;
}

/** Records of one partition of a tier, the earliest due first: a tier has one delay, so the order of arrival is that order. */
interface WaitingLine {
  readonly tier: RetryTier;
  records: ConsumedRecord[];
  head: number;
}

/** The longest that a timer is set for: a longer wait is looked at again, so a clock that was set finds its way. */
const LONGEST_TIMER_MS = 60_000;
/** Records that a line reads ahead; beyond it the partition is paused, which delays nothing that is due. */
const READ_AHEAD = 500;

/**
 * Moves tasks out of the retry tiers when they are due. Records are read ahead and held in memory until their time; one
 * timer is set for the earliest. A moved task is acknowledged before its record is finished, so a crash repeats some
 * moves, and the endpoint's owner drops the repeats.
 */
export class TierMover implements KafkaWorker {
  private readonly consumer: WindowedConsumer;
  private readonly tiers = new Map<string, RetryTier>();
  private readonly lines = new Map<string, WaitingLine>();
  private timer: NodeJS.Timeout | null = null;
  private timerAt = Number.POSITIVE_INFINITY;
  private moving = false;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;
  private readonly lateness = metrics.histogram('webhook_retry_lateness_seconds', 'How late tasks left their tier.', [
    'tier',
  ]);

  constructor(
    kafka: KafkaConnection,
    private readonly settings: TierMoverSettings,
    private readonly ports: TierMoverPorts,
    private readonly logger: Logger,
  ) {
    for (const tier of RETRY_TIERS) this.tiers.set(settings.topics.retry(tier.name), tier);
    this.consumer = kafka.windowedConsumer({
      groupId: settings.groupId,
      topics: [...this.tiers.keys()],
      window: { recordsPerPartition: READ_AHEAD, bytes: 128 * 1024 * 1024 },
      maxWaitMs: 100,
      onRecord: (record) => this.hold(record),
      onBatchEnd: () => this.schedule(),
    });
  }

  start(): Promise<void> {
    return this.consumer.start();
  }

  /** What waits stays in its topic; only moves under way are awaited. */
  async stop(drainMs: number): Promise<void> {
    this.stopped = true;
    if (this.timer) clearTimeout(this.timer);
    const late = setTimeout(() => this.ports.messages.stop(), drainMs);
    await this.round;
    clearTimeout(late);
    this.ports.messages.stop();
    await this.consumer.stop(0);
  }

  health() {
    return this.consumer.health();
  }

  private hold(record: ConsumedRecord): void {
    const { topic, partition } = record.message;
    const name = `${topic}/${partition}`;
    let line = this.lines.get(name);
    if (!line) {
      line = { tier: this.tiers.get(topic)!, records: [], head: 0 };
      this.lines.set(name, line);
    }
    line.records.push(record);
  }

  /** Sets the one timer for the earliest head of all lines. */
  private schedule(): void {
    if (this.stopped || this.moving) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (const line of this.lines.values()) {
      const record = line.records[line.head];
      if (record) earliest = Math.min(earliest, dueAt(record.message.timestamp, line.tier, this.settings.timeScale));
    }
    if (earliest === Number.POSITIVE_INFINITY || (this.timer && earliest >= this.timerAt)) return;
    if (this.timer) clearTimeout(this.timer);
    this.timerAt = earliest;
    this.timer = setTimeout(
      () => {
        this.round = this.move();
      },
      Math.min(LONGEST_TIMER_MS, Math.max(0, earliest - this.ports.now())),
    );
  }

  private async move(): Promise<void> {
    this.timer = null;
    this.timerAt = Number.POSITIVE_INFINITY;
    this.moving = true;
    try {
      for (let due = this.takeDue(); due.length > 0 && !this.stopped; due = this.takeDue()) {
        const now = this.ports.now();
        const messages = due.map(({ record, tier }) => this.moved(record, tier, now));
        if (!(await this.ports.messages.send(messages))) return;
        for (const { record } of due) record.complete();
      }
    } finally {
      this.moving = false;
      this.schedule();
    }
  }

  private takeDue(): { record: ConsumedRecord; tier: RetryTier }[] {
    const now = this.ports.now();
    const due: { record: ConsumedRecord; tier: RetryTier }[] = [];
    for (const [name, line] of this.lines) {
      for (let record = line.records[line.head]; record; record = line.records[++line.head]) {
        if (!record.current) continue;
        if (dueAt(record.message.timestamp, line.tier, this.settings.timeScale) > now || due.length >= READ_AHEAD)
          break;
        due.push({ record, tier: line.tier });
      }
      if (line.head >= line.records.length) this.lines.delete(name);
      else if (line.head > READ_AHEAD) {
        line.records = line.records.slice(line.head);
        line.head = 0;
      }
    }
    return due;
  }

  private moved(record: ConsumedRecord, tier: RetryTier, now: number): OutgoingMessage {
    const { topics, timeScale, partitions } = this.settings;
    const delivery = decodeDelivery(record.message);
    if (!delivery) return rejectUnusableTask(this.logger, topics, record.message, now);
    const lateMs = Math.max(0, now - dueAt(record.message.timestamp, tier, timeScale));
    this.lateness.observe(lateMs / 1000, { tier: tier.name });
    const step = nextStep({ task: delivery.task, appendedAt: record.message.timestamp, now, timeScale });
    const topic = step.kind === 'hop' ? topics.retry(step.tier.name) : topics.deliveries;
    return {
      ...encodeDelivery(topic, { ...delivery, task: step.task }),
      partition: partitionOfKey(delivery.task.endpointId, partitions),
    };
  }
}
