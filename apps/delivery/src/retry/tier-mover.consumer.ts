import { type DeliveryTask, RETRY_TIERS, type RetryTier } from '@millrace/domain';
import type { Assignment, ConsumedRecord, KafkaConnection, WindowedConsumer } from '@millrace/kafka';
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
import type { WaitClock } from './broker-clock';
import { DueQueues } from './due-queues';
import { nextStep, waitInTier } from './next-step';
import { loopUtilization, Pace, type PaceLimits } from './pace';
import { type Waiting, WaitingHeap } from './waiting-heap';

export interface TierMoverPorts {
  /** Resolves true when Kafka has the messages, false when the process is stopping. */
  readonly messages: Pick<PersistentSender, 'send' | 'stop'>;
  readonly clock: WaitClock;
  /** Share of its time, 0 to 1, that the process was busy since the last call. Default: its event loop. */
  readonly utilization?: () => number;
}

export interface TierMoverSettings {
  readonly topics: TopicNames;
  readonly timeScale: number;
  readonly groupId: string;
  readonly partitions: number;
  /** How long before its due time a task is sent to its owner, who holds it for the rest. Default 100 ms. */
  readonly leadMs?: number;
  /** Tasks that leave the tiers in a second, when more are due at once; by default it follows how busy the process is. */
  readonly movesPerSecond?: PaceLimits;
}

/** A record that is held in memory until it leaves its tier. */
interface Held extends Waiting {
  readonly record: ConsumedRecord;
  readonly tier: RetryTier;
  /** Unix ms. */
  readonly appendedAt: number;
  /** Unix ms. */
  readonly leaveAt: number;
  /** Unix ms; of a record that is no task, when it came. */
  readonly due: number;
  /** Ticks when the record was first seen here. */
  readonly seenAt: number;
  /** Ticks from which it waits no longer, whatever time is believed: all of its wait, as if appended when it was seen. */
  readonly latest: number;
}

const DEFAULT_LEAD_MS = 100;
/**
 * What a dispatcher takes beside live deliveries without parking any: above it more is parked than sent, which costs more
 * than it gains (50,000 retries at one moment drain in 24 s at 2,000 a second, and in 22 s at 4,000, with live deliveries
 * ten times as late).
 */
const DEFAULT_MOVES_PER_SECOND: PaceLimits = { least: 500, first: 2_000, most: 2_000 };
/** The longest that a timer is set for: a longer wait is looked at again, so that it follows what the broker says. */
const LONGEST_TIMER_MS = 60_000;
/** Records of a partition that are read ahead; beyond it the partition is paused, which delays nothing that is due. */
const READ_AHEAD = 1_000;
const READ_AHEAD_BYTES = 128 * 1024 * 1024;
/** Moves of one send. */
const BATCH = 500;
/** When moves wait for the pace, so many go together. */
const WORTH_A_SEND = 20;
/** What the ticks and the believed time may differ by without a clock that is wrong. */
const SLACK_MS = 50;
/** Append times of a partition that go back by more than this say that the broker's clock was set back. */
const SET_BACK_MS = 1_000;

/**
 * Moves tasks out of the retry tiers. Records are read ahead and held in memory, whichever tier and partition they are
 * of, and one timer is set for the earliest. A task leaves its last tier a little before it is due and its owner holds it
 * for the rest, so neither the way through Kafka nor a fetch makes it late. When very many are due at once they leave at a
 * pace that leaves room for live deliveries, each endpoint in its turn.
 *
 * A moved task is acknowledged before its record is finished, so a crash repeats some moves, and the endpoint's owner
 * drops the repeats. Nothing of a wait is kept but the record, so any process takes over in the middle of it.
 */
export class TierMover implements KafkaWorker {
  private readonly consumer: WindowedConsumer;
  private readonly tiers = new Map<string, RetryTier>();
  private readonly waiting = new WaitingHeap<Held>();
  private readonly due = new DueQueues<Held>();
  private readonly pace: Pace;
  private readonly leadMs: number;
  /** The newest record of each partition. */
  private readonly newest = new Map<string, Pick<Held, 'appendedAt' | 'leaveAt' | 'wakeAt'>>();
  private seen = 0;
  private timer: NodeJS.Timeout | null = null;
  private timerAt = Number.POSITIVE_INFINITY;
  private moving = false;
  private round: Promise<void> = Promise.resolve();
  private stopped = false;
  private readonly lateness = metrics.histogram('webhook_retry_lateness_seconds', 'How late tasks left their tier.', [
    'tier',
  ]);

  constructor(
    kafka: Pick<KafkaConnection, 'windowedConsumer'>,
    private readonly settings: TierMoverSettings,
    private readonly ports: TierMoverPorts,
    private readonly logger: Logger,
  ) {
    this.leadMs = settings.leadMs ?? DEFAULT_LEAD_MS;
    this.pace = new Pace(
      settings.movesPerSecond ?? DEFAULT_MOVES_PER_SECOND,
      ports.utilization ?? loopUtilization(),
      performance.now(),
    );
    for (const tier of RETRY_TIERS) this.tiers.set(settings.topics.retry(tier.name), tier);
    ports.clock.onMoved(() => this.waitAnew());
    this.consumer = kafka.windowedConsumer({
      groupId: settings.groupId,
      topics: [...this.tiers.keys()],
      window: { recordsPerPartition: READ_AHEAD, bytes: READ_AHEAD_BYTES },
      maxWaitMs: 100,
      onAssigned: (assignment) => this.forgetLost(assignment),
      onRecord: (record) => this.accept(record),
      onBatchEnd: () => this.schedule(),
    });
    metrics.callbackGauge(
      'webhook_retries_held',
      'Tasks that wait in memory for their due time.',
      [],
      () => this.waiting.size + this.due.size,
    );
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

  private accept(record: ConsumedRecord): void {
    const { timestamp } = record.message;
    const before = this.newest.get(placeOf(record))?.appendedAt ?? timestamp;
    if (timestamp >= before - SET_BACK_MS) this.hold(record);
    // Its wait cannot be told by a clock that is believed no longer.
    else void this.ports.clock.ask().then(() => this.holdAndSchedule(record));
  }

  private holdAndSchedule(record: ConsumedRecord): void {
    if (record.current) this.hold(record);
    this.schedule();
  }

  private hold(record: ConsumedRecord): void {
    const { clock } = this.ports;
    const { topic, timestamp: appendedAt } = record.message;
    const tier = this.tiers.get(topic)!;
    const now = clock.now();
    const seenAt = clock.ticks();
    const delivery = decodeDelivery(record.message);
    const { timeScale } = this.settings;
    const { leaveAt, due } = delivery
      ? waitInTier({ task: delivery.task, tier, appendedAt, timeScale, leadMs: this.leadMs })
      : { leaveAt: now, due: now };
    const latest = seenAt + Math.max(0, leaveAt - appendedAt) + SLACK_MS;
    const place = placeOf(record);
    const before = this.newest.get(place);
    let wakeAt = Math.min(latest, seenAt + Math.max(0, leaveAt - now));
    // The clocks are read for each record, and what that takes must not change the order of a partition.
    if (before !== undefined && leaveAt >= before.leaveAt) wakeAt = Math.max(wakeAt, before.wakeAt);
    const held = { record, tier, appendedAt, leaveAt, due, seenAt, latest, wakeAt, order: this.seen++ };
    this.newest.set(place, { appendedAt, leaveAt, wakeAt });
    this.waiting.push(held);
  }

  /** What was held of partitions that are no longer ours is somebody else's now. */
  private async forgetLost({ lost }: Assignment): Promise<void> {
    for (const { topic, partition } of lost) this.newest.delete(`${topic}/${partition}`);
    this.waiting.rebuild(({ record }) => record.current);
    this.due.drop(({ record }) => !record.current);
  }

  /** The broker told another time than was believed. */
  private waitAnew(): void {
    const { clock } = this.ports;
    const now = clock.now();
    const ticks = clock.ticks();
    this.newest.clear();
    this.waiting.rebuild((held) => {
      held.wakeAt = Math.min(held.latest, ticks + Math.max(0, held.leaveAt - now));
      return held.record.current;
    });
    // The timer was set for another time.
    this.timerAt = Number.POSITIVE_INFINITY;
    this.schedule();
  }

  /** Sets the one timer for the earliest of all. */
  private schedule(): void {
    if (this.stopped || this.moving) return;
    const ticks = this.ports.clock.ticks();
    const earliest = Math.min(
      this.waiting.first?.wakeAt ?? Number.POSITIVE_INFINITY,
      this.due.size > 0 ? ticks + this.pace.waitFor(this.worthASend) : Number.POSITIVE_INFINITY,
    );
    if (earliest === Number.POSITIVE_INFINITY || (this.timer && earliest >= this.timerAt)) return;
    if (this.timer) clearTimeout(this.timer);
    this.timerAt = earliest;
    this.timer = setTimeout(
      () => {
        this.round = this.move();
      },
      Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(earliest - ticks))),
    );
  }

  private async move(): Promise<void> {
    this.timer = null;
    this.timerAt = Number.POSITIVE_INFINITY;
    this.moving = true;
    try {
      for (let batch = this.takeDue(); batch.length > 0 && !this.stopped; batch = this.takeDue()) {
        const now = this.ports.clock.now();
        const ticks = this.ports.clock.ticks();
        const messages = batch.map((held) => this.moved(held, now, ticks));
        if (!(await this.ports.messages.send(messages))) return;
        for (const { record } of batch) record.complete();
      }
    } finally {
      this.moving = false;
      this.schedule();
    }
  }

  private takeDue(): Held[] {
    const ticks = this.ports.clock.ticks();
    for (let held = this.waiting.first; held && held.wakeAt <= ticks; held = this.waiting.first) {
      this.waiting.pop();
      if (held.record.current) this.due.add(held.record.message.key?.toString() ?? '', held);
    }
    const allowed = this.pace.allowed(this.due.size, performance.now());
    if (this.pace.waitFor(this.worthASend) > 0) return [];
    const batch = this.due.take(Math.min(BATCH, allowed));
    this.pace.spend(batch.length);
    return batch.filter(({ record }) => record.current);
  }

  /** What waits for the pace goes together. */
  private get worthASend(): number {
    return Math.min(this.due.size, WORTH_A_SEND);
  }

  private moved({ record, tier, due, leaveAt, seenAt }: Held, now: number, ticks: number): OutgoingMessage {
    const { topics, timeScale, partitions } = this.settings;
    const delivery = decodeDelivery(record.message);
    if (!delivery) return rejectUnusableTask(this.logger, topics, record.message, now);
    const { task } = delivery;
    const step = nextStep(task, restOf(task, { due, now, waitedMs: ticks - seenAt }), timeScale, this.leadMs);
    this.lateness.observe(Math.max(0, now - (step.kind === 'hop' ? leaveAt : due)) / 1000, { tier: tier.name });
    const topic = step.kind === 'hop' ? topics.retry(step.tier.name) : topics.deliveries;
    return {
      ...encodeDelivery(topic, { ...delivery, task: step.task }),
      partition: partitionOfKey(task.endpointId, partitions),
    };
  }
}

const placeOf = ({ message: { topic, partition } }: ConsumedRecord): string => `${topic}/${partition}`;

/** What is left to wait, never more than what was asked for without what was waited here. */
const restOf = (
  task: DeliveryTask,
  { due, now, waitedMs }: { readonly due: number; readonly now: number; readonly waitedMs: number },
): number => Math.min(due - now, task.remainingDelayMs - waitedMs + SLACK_MS);
