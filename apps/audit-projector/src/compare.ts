import { connectDatabase } from '@millrace/postgres';
import { createLogger } from '@millrace/telemetry';
import { historyDatabase } from './history.config';
import { compareSchemas } from './rebuild/compare-schemas.store';
import { readCompareCommand } from './rebuild/rebuild.config';

/** `compare [--left history] [--right history_rebuild]`: prints the rows that differ; exits 1 when there are any. */
const compare = async (): Promise<void> => {
  const { settings, left, right } = readCompareCommand();
  const logger = createLogger('audit-projector-compare');
  const database = await connectDatabase(
    { ...historyDatabase(settings.databaseUrl, left), statementTimeoutMs: 0 },
    logger,
  );
  try {
    const differences = await compareSchemas(database, left, right);
    for (const { table, onlyIn, rows, examples } of differences) {
      process.stdout.write(`${table}: ${rows} ${rows === 1 ? 'row' : 'rows'} only in ${onlyIn}\n`);
      for (const example of examples) process.stdout.write(`  ${example}\n`);
    }
    if (differences.length === 0) process.stdout.write(`No row differs between ${left} and ${right}.\n`);
    else process.exitCode = 1;
  } finally {
    await database.destroy();
  }
};

compare().catch((error: unknown) => {
  process.stderr.write(`The histories were not compared. ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
});
