import type { Logger } from '@millrace/telemetry';
import { Client } from 'pg';
import { DataSource, type EntityManager, type EntitySchema, type MixedList } from 'typeorm';
import { assertSchemaName } from './schema-name';

/** The connections of one service to its own schema. */
export type Database = DataSource;
/** Injection token of the service's {@link Database}: TypeORM's own class. */
export const DATABASE = DataSource;
/** What a store writes through; the same work inside and outside of a transaction. */
export type Transaction = EntityManager;

export interface DatabaseSettings {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** Each service owns one schema and reads no other. */
  readonly schema: string;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  readonly entities?: MixedList<(new () => object) | EntitySchema>;
  readonly migrations?: ReadonlyArray<new () => import('typeorm').MigrationInterface>;
  /** Default 10. */
  readonly poolSize?: number;
  /** A statement that takes longer is cancelled by the server. Default 15 s. */
  readonly statementTimeoutMs?: number;
  /** How long a caller waits for a free connection, or for a new one. Default 5 s. */
  readonly acquireTimeoutMs?: number;
}

export const DEFAULT_STATEMENT_TIMEOUT_MS = 15_000;

/** Not yet connected: see connectDatabase. `synchronize` is off for good; tables come from migrations only. */
export const createDatabase = (settings: DatabaseSettings): Database => {
  assertSchemaName(settings.schema);
  return new DataSource({
    type: 'postgres',
    url: settings.url,
    schema: settings.schema,
    applicationName: settings.applicationName,
    entities: settings.entities ?? [],
    migrations: [...(settings.migrations ?? [])],
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    installExtensions: false,
    logging: false,
    poolSize: settings.poolSize ?? 10,
    // the pool replaces a connection that broke while it was idle; whoever uses one next gets its own error
    poolErrorHandler: () => {},
    extra: {
      options: `-c search_path=${settings.schema}`,
      statement_timeout: settings.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: 60_000,
      connectionTimeoutMillis: settings.acquireTimeoutMs ?? 5_000,
      keepAlive: true,
    },
  });
};

/** Connects, waiting for a database that is still starting; rejects with the last error after `waitMs`. */
export const connectDatabase = async (
  settings: DatabaseSettings,
  logger: Logger,
  waitMs = 60_000,
): Promise<Database> => {
  const giveUpAt = Date.now() + waitMs;
  for (let attempt = 1; ; attempt++) {
    const database = createDatabase(settings);
    try {
      await createSchema(settings);
      return await database.initialize();
    } catch (error) {
      if (database.isInitialized) await database.destroy().catch(() => {});
      if (Date.now() >= giveUpAt || !isWorthWaitingFor(error)) throw error;
      if (attempt === 1 || attempt % 10 === 0) logger.warn({ error, attempt }, 'database not reachable yet');
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
};

/** The database may be starting or restarting; a wrong password or a missing database will not mend by waiting. */
const isWorthWaitingFor = (error: unknown): boolean => {
  const code = (error as { code?: unknown }).code;
  return typeof code !== 'string' || !(code.startsWith('28') || code === '3D000' || code === '42501');
};

const createSchema = async (settings: DatabaseSettings): Promise<void> => {
  const client = new Client({ connectionString: settings.url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [settings.schema]);
    if (rowCount === 0) await client.query(`CREATE SCHEMA IF NOT EXISTS "${settings.schema}"`).catch(ignoreLostRace);
  } finally {
    await client.end().catch(() => {});
  }
};

/** Two starting services may create the same schema at once; IF NOT EXISTS does not cover that. */
const ignoreLostRace = (error: { code?: string }): void => {
  if (error.code !== '23505' && error.code !== '42P06') throw error;
};
