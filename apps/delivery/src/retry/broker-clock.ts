import { randomUUID } from 'node:crypto';
import { BelievedClock, CLOCK_JUMP_MS, type ClockReading } from '@millrace/domain';
import type { DurableProducer, KafkaConnection, RecordReader } from '@millrace/kafka';
import type { KafkaWorker } from '@millrace/service-runtime';
import { type Logger, metrics } from '@millrace/telemetry';

/** What those need who wait for a due time. */
export interface WaitClock {
  /** Unix ms, with fractions: the broker's time as far as it is known, see BelievedClock. */
  now(): number;
  /** Ms of a clock that nobody sets, with fractions: how long something has waited. */
  ticks(): number;
  /** Resolves when the broker has told its time after this call. Never rejects; waits for a broker that is away. */
  ask(): Promise<void>;
  /** Calls back whenever the believed time was moved by an answer. */
  onMoved(listener: () => void): void;
}

export interface BrokerClockPorts {
  readonly producer: Pick<DurableProducer, 'connect' | 'send' | 'close'>;
  readonly reader: Pick<RecordReader, 'ends' | 'fetch' | 'close'>;
  readonly read: () => ClockReading;
}

const ASK_EVERY_MS = 15_000;
const LOOK_EVERY_MS = 1_000;
/** A clock that runs wrong disagrees again and again: the broker is not asked more often than this. */
const ASK_AT_MOST_EVERY_MS = 200;
const TRY_AGAIN_MS = 500;
const ANSWER_WITHIN_MS = 10_000;
const LOG_EVERY_MS = 60_000;
/** A correction that people should hear of. */
const TELL_ABOVE_MS = 1_000;

/**
 * The broker's time. Kafka has no question for it, so this writes a tick, a record of some bytes, to a topic of its own and reads the
 * append time back: now and then, and at once when wall clock and monotonic clock no longer agree on how much time has
 * passed. What is made of the answers is decided by BelievedClock.
 */
export class BrokerClock implements KafkaWorker, WaitClock {
  private readonly clock: BelievedClock;
  private readonly listeners: (() => void)[] = [];
  private asking: Promise<void> | null = null;
  /** Another question is wanted after the one under way. */
  private next: Promise<void> | null = null;
  private answeredAt = Number.NEGATIVE_INFINITY;
  private loggedAt = Number.NEGATIVE_INFINITY;
  private trouble: string | null = 'the broker has not told its time yet';
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private endPause: () => void = () => {};
  private readonly corrections = metrics.counter(
    'webhook_clock_corrections_total',
    "Answers of the broker that moved the time of the process's waits.",
  );

  constructor(
    private readonly ports: BrokerClockPorts,
    private readonly topic: string,
    private readonly logger: Logger,
  ) {
    this.clock = new BelievedClock(ports.read());
  }

  static over(kafka: KafkaConnection, topic: string, logger: Logger): BrokerClock {
    const producer = kafka.producer('clock', { deliveryTimeoutMs: ANSWER_WITHIN_MS, compression: 'none' });
    return new BrokerClock({ producer, reader: kafka.recordReader(), read: readClocks }, topic, logger);
  }

  async start(): Promise<void> {
    await this.ports.producer.connect();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    await this.ask();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    this.endPause();
    await Promise.all([this.ports.producer.close(), this.ports.reader.close()]);
    await this.asking;
  }

  health() {
    return { alive: true, reason: this.trouble };
  }

  now(): number {
    const reading = this.ports.read();
    if (this.clock.disagrees(reading)) this.askSoon(reading);
    return this.clock.now(reading);
  }

  ticks(): number {
    return this.clock.passed(this.ports.read());
  }

  ask(): Promise<void> {
    if (this.asking === null) {
      this.asking = this.untilAnswered().finally(() => {
        this.asking = null;
      });
      return this.asking;
    }
    // The answer under way may be older than the reason for this call.
    this.next ??= this.asking.then(() => {
      this.next = null;
      return this.ask();
    });
    return this.next;
  }

  onMoved(listener: () => void): void {
    this.listeners.push(listener);
  }

  private look(): void {
    const reading = this.ports.read();
    if (this.clock.disagrees(reading) || reading.monotonic - this.answeredAt >= ASK_EVERY_MS) this.askSoon(reading);
  }

  private askSoon({ monotonic }: ClockReading): void {
    if (this.asking === null && !this.stopped && monotonic - this.answeredAt >= ASK_AT_MOST_EVERY_MS) void this.ask();
  }

  private async untilAnswered(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.tick();
        this.trouble = null;
        return;
      } catch (error) {
        if (this.stopped) return;
        this.trouble = `the broker does not tell its time: ${String(error)}`;
        this.tell(() => this.logger.warn({ error: String(error) }, 'the broker does not tell its time; asking again'));
        await this.pause();
      }
    }
  }

  private async tick(): Promise<void> {
    const { producer, reader, read } = this.ports;
    const from = (await reader.ends(this.topic)).get(0);
    if (from === undefined) throw new Error(`the topic ${this.topic} does not exist`);
    const id = randomUUID();
    const sentAt = read().monotonic;
    await producer.send([{ topic: this.topic, partition: 0, key: null, value: Buffer.from(id), headers: {} }]);
    // Acknowledged: it was appended before this moment, however long the reading takes.
    const reading = read();
    this.take(await this.stampOf(id, from, reading.monotonic), sentAt, reading);
  }

  private async stampOf(id: string, from: bigint, since: number): Promise<number> {
    for (let at = from; this.ports.read().monotonic - since < ANSWER_WITHIN_MS; ) {
      const { messages, next } = await this.ports.reader.fetch(this.topic, 0, at);
      const mine = messages.find(({ value }) => value?.toString() === id);
      if (mine) return mine.timestamp;
      at = next;
    }
    throw new Error('the tick was not found again');
  }

  private take(stamp: number, sentAt: number, reading: ClockReading): void {
    const { movedMs, brokerAheadMs, uncertaintyMs } = this.clock.correct(stamp, sentAt, reading);
    this.answeredAt = reading.monotonic;
    if (brokerAheadMs > CLOCK_JUMP_MS)
      this.tell(() =>
        this.logger.warn({ brokerAheadMs }, "the broker's clock is far ahead of this machine's; retries may be late"),
      );
    if (movedMs === 0) return;
    this.corrections.inc();
    if (Math.abs(movedMs) > TELL_ABOVE_MS)
      this.logger.warn({ movedMs, uncertaintyMs }, 'a clock was set, or the machine slept: waits go by the broker');
    for (const listener of this.listeners) listener();
  }

  private tell(say: () => void): void {
    const { monotonic } = this.ports.read();
    if (monotonic - this.loggedAt < LOG_EVERY_MS) return;
    this.loggedAt = monotonic;
    say();
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, TRY_AGAIN_MS);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Both clocks at one moment: read again when the process was interrupted in between. */
export const readClocks = (): ClockReading => {
  for (let tries = 1; ; tries++) {
    const before = performance.now();
    const wall = Date.now();
    const monotonic = performance.now();
    if (monotonic - before < 1 || tries === 5) return { wall, monotonic };
  }
};
