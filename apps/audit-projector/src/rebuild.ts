import { KafkaConnection } from '@millrace/kafka';
import { connectDatabase, runMigrations } from '@millrace/postgres';
import { topicNames } from '@millrace/protocol';
import { createLogger } from '@millrace/telemetry';
import { historyDatabase, historyTopics } from './history.config';
import { dropSchema } from './rebuild/compare-schemas.store';
import { readRebuildCommand } from './rebuild/rebuild.config';
import { rebuildHistory } from './rebuild/rebuild-history';

/** `rebuild [--schema history_rebuild]`: makes the schema anew from the whole log, says what it read, exits 0. */
const rebuild = async (): Promise<void> => {
  const { settings, schema } = readRebuildCommand();
  const logger = createLogger('audit-projector-rebuild');
  const names = topicNames(settings.topicPrefix);
  await dropSchema(settings.databaseUrl, schema);
  const database = await connectDatabase(
    { ...historyDatabase(settings.databaseUrl, schema), statementTimeoutMs: 0 },
    logger,
  );
  const kafka = new KafkaConnection({ brokers: settings.kafkaBrokers, clientId: 'audit-projector-rebuild', logger });
  try {
    await runMigrations(database, logger);
    const report = await rebuildHistory(kafka, database, names, historyTopics(names, settings.modules));
    process.stdout.write(
      `${schema}: ${report.facts} facts of ${report.records} records in ${report.partitions} partitions, ${report.durationMs} ms\n`,
    );
  } finally {
    await kafka.close();
    await database.destroy();
  }
};

rebuild().catch((error: unknown) => {
  process.stderr.write(`The history was not rebuilt. ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
