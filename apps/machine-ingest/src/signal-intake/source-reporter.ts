import { setTimeout as delay } from 'node:timers/promises';
import type { DurableProducer } from '@millrace/kafka';
import {
  encodeSourceState,
  type SourceConnectionState,
  type SourceRecord,
  type SourceState,
  sourceKey,
} from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import { CURSOR_BYTES, jsonBytes } from './cursor-room';
import type { Passed } from './kafka-source.sink';
import type { OpenSourceHealth, SourceConnection, SourceCursor } from './source-kind';
import { sourceMetrics } from './source-metrics';
import { LATE, within } from './within';

const EVERY_MS = 1_000;
const EVERY_SIGNALS = 2_000;

/** So often an owner says at least that it lives, below what a new owner takes for alive; a source that is silent has no rate then. */
const ALIVE_MS = 5_000;
/** A rate is that of so long at least: what is written more often keeps it. */
const RATE_MS = 250;
const STORE_AGAIN_MS = 200;

/** What was told last. */
interface Said {
  readonly text: string;
  readonly counts: string;
  readonly at: number;
  readonly passed: Passed;
  readonly rate: Rate;
}

/** Signals a second, and up to when and how many of them it has counted. */
interface Rate {
  readonly perSecond: number;
  readonly at: number;
  readonly received: number;
}

const NO_RATE: Rate = { perSecond: 0, at: Number.NEGATIVE_INFINITY, received: 0 };

const NOTHING: Passed = { received: 0, refused: 0, gaps: 0, lastSignal: null, cursor: undefined };

export interface SourceReporterParts {
  readonly record: SourceRecord;
  readonly health: () => OpenSourceHealth;
  readonly passed: () => Passed;
  /** What the source began with. */
  readonly cursor: SourceCursor | null;
  /** Since when it was lost when it was begun, Unix ms; null where it was not. */
  readonly lostSince: number | null;
  readonly producer: Pick<DurableProducer, 'send'>;
  readonly topic: string;
  readonly owner: string;
  readonly clock: () => number;
  readonly logger: Logger;
}

/**
 * Writes how one source is doing to `source-state`: at once when its connection changes, else once a second or every 2,000
 * signals while something moves, and every few seconds while nothing does, so that a new owner knows that this one lives. The
 * cursor goes the same way, so a successor reads again what lies between: at most that.
 */
export class SourceReporter {
  private said: Said = { text: '', counts: '', at: Number.NEGATIVE_INFINITY, passed: NOTHING, rate: NO_RATE };
  private counted: { readonly [name: string]: number } = {};
  private writing: Promise<boolean> | null = null;
  /** Kinds tell when they failed last; people ask since when there is nothing. */
  private lostSince: number | null;

  constructor(private readonly parts: SourceReporterParts) {
    this.lostSince = parts.lostSince;
  }

  /** What a next start goes on from. */
  get cursor(): SourceCursor | null {
    return this.parts.passed().cursor ?? this.parts.cursor;
  }

  /** To be called several times a second. */
  look(): void {
    const health = this.parts.health();
    this.lostSince = lostSinceOf(health.connection, this.lostSince);
    this.count(health);
    if (this.writing !== null) return;
    const passed = this.parts.passed();
    const now = this.parts.clock();
    const text = connectionText(health);
    const counts = countsText(health);
    const { said } = this;
    const changed = text !== said.text;
    const moved = passed !== said.passed || counts !== said.counts;
    const due = now - said.at >= EVERY_MS || passed.received - said.passed.received >= EVERY_SIGNALS;
    if (!changed && !(moved && due) && now - said.at < ALIVE_MS) return;
    void this.say(health, passed, now);
  }

  /**
   * Resolves when the cursor of all that has passed is stored: for a source whose peer may forget, on an acknowledgement,
   * what the cursor has to know. Tried until Kafka takes it; rejects when it is stopped before.
   */
  async store(stopping: AbortSignal): Promise<void> {
    for (;;) {
      while (this.writing !== null) await this.writing;
      const passed = this.parts.passed();
      if (this.said.passed.cursor === passed.cursor) return;
      stopping.throwIfAborted();
      if (await this.say(this.parts.health(), passed, this.parts.clock())) return;
      await delay(STORE_AGAIN_MS, undefined, { signal: stopping });
    }
  }

  private say(health: OpenSourceHealth, passed: Passed, now: number): Promise<boolean> {
    const rate = this.rate(passed, now);
    const said = { text: connectionText(health), counts: countsText(health), at: now, passed, rate };
    const writing = this.write(this.state(health, passed, now, this.parts.owner, rate), said).finally(() => {
      this.writing = null;
    });
    this.writing = writing;
    return writing;
  }

  private rate({ received }: Passed, at: number): Rate {
    const { rate } = this.said;
    if (at - rate.at < RATE_MS) return rate;
    const seconds = (at - rate.at) / 1_000;
    return { perSecond: Number.isFinite(seconds) ? (received - rate.received) / seconds : 0, at, received };
  }

  /** The last word of this owner: where the source has got to, and that it is free. Ends in time, whatever Kafka does. */
  async giveUp(withinMs: number): Promise<void> {
    const deadline = this.parts.clock() + withinMs;
    if ((await within(this.lastWord(deadline), withinMs)) === LATE)
      this.parts.logger.warn({ source: this.parts.record.name }, 'last word about a source not stored in time');
  }

  private async lastWord(deadline: number): Promise<void> {
    await this.writing;
    const passed = this.parts.passed();
    const now = this.parts.clock();
    // By then another owner may have begun, and its word counts.
    if (now > deadline) return;
    const health = this.parts.health();
    const state = this.state(
      {
        ...health,
        connection: health.connection.state === 'finished' ? health.connection : { state: 'stopped', since: now },
      },
      passed,
      now,
      null,
      this.rate(passed, now),
    );
    while (!(await this.send(state)) && this.parts.clock() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 200));
  }

  /** Whether it is stored. */
  private async write(state: SourceState, said: Said): Promise<boolean> {
    const stored = await this.send(state);
    if (stored) this.said = said;
    return stored;
  }

  private async send(state: SourceState): Promise<boolean> {
    const { producer, topic, logger } = this.parts;
    try {
      await producer.send([encodeSourceState(topic, state, state)]);
      return true;
    } catch (error) {
      logger.warn(
        { error: (error as Error).message, source: sourceKey(state.tenant, state.name) },
        'state of a source not stored',
      );
      return false;
    }
  }

  private state(health: OpenSourceHealth, passed: Passed, at: number, owner: string | null, rate: Rate): SourceState {
    const { record, logger } = this.parts;
    const { connection } = health;
    let { cursor } = this;
    if (cursor !== null && jsonBytes(cursor) > CURSOR_BYTES) {
      logger.error(
        { source: record.name, type: record.type },
        'cursor of a source is too large; a new owner begins anew',
      );
      cursor = null;
    }
    return {
      v: 1,
      tenant: record.tenant,
      name: record.name,
      createdAt: record.createdAt,
      version: record.version,
      cursor,
      connection: {
        state: connection.state,
        since: isLost(connection.state) ? (this.lostSince ?? connection.since) : connection.since,
        session: connection.state === 'connected' ? connection.session : null,
        reason: 'reason' in connection ? connection.reason : null,
        nextTryAt: 'nextTryAt' in connection ? connection.nextTryAt : null,
      },
      counts: { ...health.counts, received: passed.received, refused: passed.refused, gaps: passed.gaps },
      rate: rate.perSecond,
      lastSignal: passed.lastSignal,
      lastError: health.lastError,
      ...(passed.lastRefusedAt === undefined ? {} : { lastRefusedAt: passed.lastRefusedAt }),
      lagMs: health.lagMs,
      queued: health.queued,
      owner,
      at,
    };
  }

  private count({ counts }: OpenSourceHealth): void {
    for (const [what, count] of Object.entries(counts)) {
      const grown = count - (this.counted[what] ?? 0);
      if (grown > 0) sourceMetrics.counted(this.parts.record.type, what, grown);
    }
    this.counted = counts;
  }
}

const isLost = (state: SourceConnectionState): boolean => state === 'disconnected' || state === 'degraded';

const lostSinceOf = (connection: SourceConnection, before: number | null): number | null => {
  if (isLost(connection.state)) return before ?? connection.since;
  return connection.state === 'connecting' ? before : null;
};

/** Since when the source is lost by what was told of it last; null where it was not, or where that was another source. */
export const lostBefore = (
  former: SourceState | null,
  { createdAt }: Pick<SourceRecord, 'createdAt'>,
): number | null =>
  former?.createdAt === createdAt && isLost(former.connection.state) ? former.connection.since : null;

const connectionText = ({ connection }: OpenSourceHealth): string =>
  `${connection.state} ${'session' in connection ? connection.session : ''} ${'reason' in connection ? connection.reason : ''}`;

const countsText = ({ counts, lastError }: OpenSourceHealth): string => JSON.stringify([counts, lastError]);
