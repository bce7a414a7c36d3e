import type { OutgoingMessage } from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';
import { Client } from 'pg';
import { assertSchemaName } from '../database/schema-name';
import { NotPublished } from './not-published';
import type { OutboxTicket } from './outbox';
import { OutboxSession } from './outbox-session';
import { PublicationWaiters } from './publication-waiters';
import { Wake } from './wake';

export interface OutboxRelayOptions {
  readonly databaseUrl: string;
  readonly schema: string;
  /** Resolves when all messages are acknowledged, in order; rejects when that is not certain. */
  readonly publish: (messages: readonly OutgoingMessage[]) => Promise<void>;
  readonly logger: Logger;
  /** Rows of one publish; default 200. */
  readonly batchSize?: number;
  /** How often a relay looks without being woken; default 250 ms. */
  readonly pollMs?: number;
  /** Longest life of a publish, see below; must be longer than the producer's delivery timeout. Default 15 s. */
  readonly fenceMs?: number;
}

const published = metrics.counter('webhook_outbox_published_total', 'Messages that the outbox relay published.', [
  'schema',
]);
const failures = metrics.counter('webhook_outbox_failures_total', 'Interruptions of the outbox relay.', [
  'schema',
  'stage',
]);
const ageSeconds = metrics.gauge('webhook_outbox_age_seconds', 'Age of the oldest unpublished message.', ['schema']);
const waiting = metrics.gauge('webhook_outbox_rows', 'Messages that wait to be published.', ['schema']);
const leading = metrics.gauge('webhook_outbox_leader', 'Whether this process publishes the outbox.', ['schema']);

const LONGEST_PAUSE_MS = 5_000;

/**
 * Publishes the rows of an outbox, and deletes each after its acknowledgement. The life of a row: written with its change
 * → seen (NOTIFY, or a poll) → published → deleted. Killed at any point, the next leader publishes it again: a message
 * may repeat, none is lost.
 *
 * One process leads: it holds a session advisory lock on its own connection, and reads and deletes only there, so a
 * relay that lost its connection can do neither. What such a relay had already handed to Kafka may still arrive, and must
 * not overtake what its successor publishes. So a leader notes in `outbox_relay` that it is publishing, and a successor
 * that finds the note of another waits until that publish can no longer be alive (`fenceMs`).
 */
export class OutboxRelay {
  private readonly wakeUp = new Wake();
  private readonly waiters = new PublicationWaiters();
  private session: OutboxSession | null = null;
  private stopping = false;
  private running: Promise<void> | null = null;
  private pauseMs = 0;

  constructor(private readonly options: OutboxRelayOptions) {
    assertSchemaName(options.schema);
  }

  /** Returns at once: a database that is away delays publishing, not the start. */
  async start(): Promise<void> {
    this.running ??= this.run();
  }

  /** Ends after the batch in hand, or after `drainMs`. */
  async stop(drainMs: number): Promise<void> {
    this.stopping = true;
    this.wakeUp.notify();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, drainMs);
    });
    await Promise.race([this.running ?? Promise.resolve(), deadline]);
    clearTimeout(timer);
    await this.session?.close();
    this.waiters.rejectAll(new NotPublished('The service is stopping.'));
  }

  get isLeader(): boolean {
    return this.session?.leader ?? false;
  }

  /** Neither a lost database nor a lost broker is a reason to restart the process. */
  health(): { alive: boolean; reason: string | null } {
    return { alive: true, reason: null };
  }

  /**
   * Resolves when the rows of the ticket are acknowledged, whichever process published them. To be called after the commit
   * of their transaction. Rejects NotPublished after `timeoutMs`: the rows stay, and are published later.
   */
  async waitPublished(ticket: OutboxTicket, timeoutMs: number): Promise<void> {
    if (ticket.ids.length === 0) return;
    this.wakeUp.notify();
    const outcome = this.waiters.add(ticket, timeoutMs);
    this.checkWaiters();
    await outcome;
  }

  private checkWaiters(): void {
    const session = this.session;
    if (session === null || this.waiters.isEmpty) return;
    void this.waiters.settle((tickets) => session.stateOf(tickets)).catch(() => {});
  }

  private async run(): Promise<void> {
    const { logger, schema } = this.options;
    while (!this.stopping) {
      try {
        await this.lead();
        this.pauseMs = 0;
      } catch (error) {
        if (this.stopping) break;
        failures.inc({ schema, stage: error instanceof PublishFailed ? 'publish' : 'database' });
        logger.warn({ error, schema, pauseMs: this.pauseMs }, 'outbox relay interrupted, goes on after a pause');
      } finally {
        leading.set(0, { schema });
        await this.session?.close();
        this.session = null;
      }
      this.pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(250, this.pauseMs * 2));
      if (!this.stopping) await this.wakeUp.wait(this.pauseMs, 'timer only');
    }
  }

  private async lead(): Promise<void> {
    const { schema, pollMs = 250, fenceMs = 15_000, batchSize = 200 } = this.options;
    const session = await OutboxSession.open(this.client(), schema, (what) => {
      if (what === 'new') this.wakeUp.notify();
      this.checkWaiters();
    });
    this.session = session;
    let nextCensus = 0;
    while (!this.stopping) {
      if (!session.leader && !(await session.tryToLead(fenceMs, () => this.stopping))) {
        await this.rest(pollMs);
        continue;
      }
      leading.set(1, { schema });
      if (performance.now() >= nextCensus) {
        const census = await session.census();
        ageSeconds.set(census.oldestSeconds, { schema });
        waiting.set(census.rows, { schema });
        nextCensus = performance.now() + 5_000;
      }
      const batch = await session.next(batchSize);
      if (batch.length === 0) {
        await this.rest(pollMs);
        continue;
      }
      await session.markPublishing();
      try {
        await this.options.publish(batch.map((row) => row.message));
      } catch (error) {
        throw new PublishFailed(error);
      }
      const ids = batch.map((row) => row.id);
      await session.remove(ids);
      this.pauseMs = 0;
      published.inc({ schema }, ids.length);
      this.waiters.published(ids);
    }
  }

  private async rest(pollMs: number): Promise<void> {
    this.checkWaiters();
    await this.wakeUp.wait(pollMs);
    this.session?.assertOpen();
  }

  private client(): Client {
    const { databaseUrl, schema } = this.options;
    return new Client({
      connectionString: databaseUrl,
      application_name: `millrace-relay-${schema}`,
      options: `-c search_path=${schema}`,
      connectionTimeoutMillis: 5_000,
      statement_timeout: 10_000,
      query_timeout: 12_000,
      keepAlive: true,
    });
  }
}

class PublishFailed extends Error {
  override readonly name = 'PublishFailed';
  constructor(cause: unknown) {
    super('The messages were not acknowledged; they are published again.', { cause });
  }
}
