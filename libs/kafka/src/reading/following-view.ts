import { type Logger, metrics } from '@millrace/telemetry';
import { failureName } from '../client/failure';
import { backoffMs, Pause } from '../client/waiting';
import type { KafkaHealth } from '../kafka-settings';
import type { CompactedView, CompactedViewOptions } from './compacted-view';
import type { SteadyReader } from './steady-reader';

const failures = metrics.counter('millrace_kafka_view_failures_total', 'Failed reads of a compacted topic', ['topic']);

/** Also the longest that closing waits. A new record ends the wait. */
const FETCH_WAIT_MS = 500;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;

export interface FollowingViewPorts {
  /** Follows the topic: its connection is busy with waiting fetches. */
  readonly follower: SteadyReader;
  /** Asks for ends, over another connection. */
  readonly questions: SteadyReader;
  readonly logger: Logger;
}

interface Waiter {
  readonly ends: ReadonlyMap<number, bigint>;
  readonly resolve: () => void;
}

export class FollowingView implements CompactedView {
  private readonly positions = new Map<number, bigint>();
  private readonly pause = new Pause();
  private waiters: Waiter[] = [];
  private loop: Promise<void> | null = null;
  private nextEnds: Promise<ReadonlyMap<number, bigint>> | null = null;
  private asking: Promise<unknown> = Promise.resolve();
  private closed = false;
  private trouble: string | null = 'not started';
  private fatal: string | null = null;

  constructor(
    private readonly options: CompactedViewOptions,
    private readonly ports: FollowingViewPorts,
  ) {}

  async start(): Promise<void> {
    this.loop ??= this.follow();
    await this.waitForEnd();
  }

  async waitForEnd(): Promise<void> {
    const ends = await this.freshEnds();
    if (this.closed || this.reached(ends)) return;
    await new Promise<void>((resolve) => this.waiters.push({ ends, resolve }));
  }

  health(): KafkaHealth {
    return { alive: this.fatal === null, reason: this.fatal ?? this.trouble };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.pause.end();
    for (const { resolve } of this.waiters.splice(0)) resolve();
    await this.ports.follower.close();
    await this.loop;
  }

  /** Ends asked for after the call; callers that come while a question is under way share the next one. */
  private freshEnds(): Promise<ReadonlyMap<number, bigint>> {
    this.nextEnds ??= this.asking.then(() => {
      this.nextEnds = null;
      const answer = this.askEnds();
      this.asking = answer.catch(() => {});
      return answer;
    });
    return this.nextEnds;
  }

  private async askEnds(): Promise<ReadonlyMap<number, bigint>> {
    for (let tries = 0; !this.closed; tries++) {
      try {
        return await this.ports.questions.use((reader) => reader.ends(this.options.topic));
      } catch (error) {
        this.note(error);
        await new Promise((resolve) => setTimeout(resolve, backoffMs(tries, FIRST_RETRY_MS, LONGEST_RETRY_MS)));
      }
    }
    return new Map();
  }

  private async follow(): Promise<void> {
    const { topic } = this.options;
    for (let tries = 0; !this.closed; ) {
      try {
        await this.ports.follower.use(async (reader) => {
          if (this.positions.size === 0)
            for (const [partition, first] of await reader.beginnings(topic)) this.positions.set(partition, first);
          const messages = await reader.fetch(topic, this.positions, FETCH_WAIT_MS);
          for (const message of messages) this.apply(message);
        });
        tries = 0;
        this.trouble = null;
        this.settleWaiters();
      } catch (error) {
        if (this.closed) return;
        this.note(error);
        await this.pause.wait(backoffMs(tries++, FIRST_RETRY_MS, LONGEST_RETRY_MS));
      }
    }
  }

  private apply(message: Parameters<CompactedViewOptions['onMessage']>[0]): void {
    try {
      this.options.onMessage(message);
    } catch (error) {
      this.fatal = `the view of ${this.options.topic} threw: ${String(error)}`;
      this.ports.logger.error(
        { topic: this.options.topic, offset: String(message.offset), error },
        'a view threw, which is a defect; the record is left out',
      );
    }
  }

  private note(error: unknown): void {
    failures.inc({ topic: this.options.topic });
    this.trouble = `the view of ${this.options.topic} cannot read: ${failureName(error)}`;
    this.ports.logger.warn({ topic: this.options.topic, error: String(error) }, 'a view could not read; trying again');
  }

  private reached(ends: ReadonlyMap<number, bigint>): boolean {
    for (const [partition, end] of ends) {
      const position = this.positions.get(partition);
      if (position === undefined || position < end) return false;
    }
    return true;
  }

  private settleWaiters(): void {
    if (this.waiters.length === 0) return;
    const open: Waiter[] = [];
    for (const waiter of this.waiters) {
      if (this.reached(waiter.ends)) waiter.resolve();
      else open.push(waiter);
    }
    this.waiters = open;
  }
}
