import { setTimeout as delay } from 'node:timers/promises';
import {
  connectDatabase,
  type Database,
  type DatabaseSettings,
  pendingMigrations,
  runMigrations,
} from '@millrace/postgres';
import type { Logger } from '@millrace/telemetry';
import { unavailable } from '../http/api-problem';
import type { KafkaWorker } from '../workers/worker';

export interface LateDatabaseOptions<T> {
  readonly settings: DatabaseSettings;
  /** False where a job runs the migrations: then they are waited for. */
  readonly migrate: boolean;
  readonly logger: Logger;
  /** What works with the database, made once it is there. */
  readonly open: (database: Database) => T;
  /** Wait between attempts, ms; default 2 s. */
  readonly retryMs?: number;
}

/**
 * The database of a service whose work does not need it: signals are read and translated whether it is there or not, and
 * only what is done with its configuration has to wait. It is no readiness check for that reason, and the service starts
 * without it. Once connected, the pool of connections outlives restarts of the database by itself.
 */
export class LateDatabase<T> implements KafkaWorker {
  /** Resolves when the database is there with all migrations; not at all when it never comes. */
  readonly whenReady: Promise<void>;
  private tellReady: () => void = () => undefined;
  private opened: { readonly database: Database; readonly work: T } | null = null;
  private readonly stopping = new AbortController();
  private connecting: Promise<void> = Promise.resolve();

  constructor(private readonly options: LateDatabaseOptions<T>) {
    this.whenReady = new Promise((resolve) => {
      this.tellReady = resolve;
    });
  }

  /** Throws `unavailable` while the database has not been there. */
  get(): T {
    if (this.opened === null) throw unavailable('The database of the configuration cannot be reached now; try again.');
    return this.opened.work;
  }

  /** Resolves after the first attempt, so that a database that is there is there for the first request. */
  async start(): Promise<void> {
    const first = await this.attempt(1);
    if (!first) this.connecting = this.keepTrying();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.connecting;
    await this.opened?.database.destroy().catch(() => undefined);
  }

  health(): { alive: boolean; reason: string | null } {
    return { alive: true, reason: null };
  }

  private async keepTrying(): Promise<void> {
    const { signal } = this.stopping;
    for (let attempt = 2; !signal.aborted; attempt++) {
      await delay(this.options.retryMs ?? 2_000, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || (await this.attempt(attempt))) return;
    }
  }

  private async attempt(attempt: number): Promise<boolean> {
    const { settings, migrate, logger, open } = this.options;
    let database: Database | null = null;
    try {
      database = await connectDatabase(settings, logger, 0);
      if (migrate) await runMigrations(database, logger);
      else if (await pendingMigrations(database)) throw new Error('The database lacks migrations of this version.');
      this.opened = { database, work: open(database) };
      this.tellReady();
      if (attempt > 1) logger.info({ schema: settings.schema }, 'database of the configuration is there');
      return true;
    } catch (error) {
      await database?.destroy().catch(() => undefined);
      if (attempt === 1 || attempt % 30 === 0)
        logger.warn(
          { error, attempt, schema: settings.schema },
          'no database: configuration calls answer 503 until it is there',
        );
      return false;
    }
  }
}
