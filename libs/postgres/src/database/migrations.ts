import type { Logger } from '@millrace/telemetry';
import type { Database } from './database';

/**
 * Brings the schema up to date: one instance at a time (advisory lock, the others wait for it), each migration in its own
 * transaction. Returns the names of those that ran.
 */
export const runMigrations = async (database: Database, logger: Logger): Promise<string[]> => {
  const schema = (database.options as { schema?: string }).schema ?? 'public';
  const guard = database.createQueryRunner();
  await guard.connect();
  const lock = `hashtextextended('millrace.migrations.${schema}', 0)`;
  try {
    await guard.query('SET statement_timeout = 0');
    await guard.query(`SELECT pg_advisory_lock(${lock})`);
    const ran = await database.runMigrations({ transaction: 'each' });
    const names = ran.map((migration) => migration.name);
    if (names.length > 0) logger.info({ schema, migrations: names }, 'migrations ran');
    return names;
  } finally {
    await guard.query(`SELECT pg_advisory_unlock(${lock})`).catch(() => {});
    await guard.query('RESET statement_timeout').catch(() => {});
    await guard.release();
  }
};

/** Names of migrations that have not run; for a service that must not change its schema itself. */
export const pendingMigrations = async (database: Database): Promise<boolean> => database.showMigrations();
