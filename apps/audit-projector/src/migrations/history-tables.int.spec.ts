import { connectDatabase, type Database, runMigrations } from '@millrace/postgres';
import { silentLogger } from '@millrace/telemetry';
import { testEnvironment } from '@millrace/test-environment';
import { historyDatabase } from '../history.config';
import { attemptWrite } from '../projections/attempts/attempt.store';
import { commandWrite } from '../projections/commands/command.store';
import { deliveryWrite } from '../projections/deliveries/delivery.store';
import { eventWrite } from '../projections/events/event.store';
import { quarantineActionWrite } from '../projections/quarantine-actions/quarantine-action.store';
import { refusedFactWrite } from '../projections/refused-facts/refused-fact.store';
import { rejectionWrite } from '../projections/rejected/rejection.store';
import { READ_MODELS } from './history-tables';

jest.setTimeout(60_000);

let database: Database;
beforeAll(async () => {
  const url = await (await testEnvironment()).freshDatabase();
  database = await connectDatabase(historyDatabase(url), silentLogger);
  await runMigrations(database, silentLogger);
});
afterAll(async () => {
  await database.destroy();
});

const columnsOf = (table: string) =>
  database.query<{ name: string; type: string; collation: string | null }[]>(
    `SELECT column_name AS name, data_type AS type, collation_name AS collation FROM information_schema.columns
     WHERE table_schema = 'history' AND table_name = $1 ORDER BY ordinal_position`,
    [table],
  );

describe('the migrations', () => {
  const writes = [
    eventWrite,
    deliveryWrite,
    attemptWrite,
    commandWrite,
    rejectionWrite,
    quarantineActionWrite,
    refusedFactWrite,
  ];

  it.each(writes.map(({ table, columns }) => ({ table, columns: columns.map(({ name, type }) => ({ name, type })) })))(
    'give $table exactly the columns that are written to it',
    async ({ table, columns }) => {
      expect((await columnsOf(table)).map(({ name, type }) => ({ name, type }))).toEqual(columns);
    },
  );

  it('give every read model that a comparison looks at', () => {
    expect(writes.map(({ table }) => table)).toEqual([...READ_MODELS]);
  });

  it('order text byte by byte wherever a merge compares it', async () => {
    const merged = [
      'created_tie',
      'status',
      'reason',
      'behind',
      'previous_event_id',
      'finished_tie',
      'trace_id',
      'span_id',
      'topic',
      'result',
      'command',
      'by',
    ];
    for (const table of ['events', 'deliveries', 'attempts', 'commands'])
      for (const { name, collation } of await columnsOf(table))
        if (merged.includes(name)) expect([table, name, collation]).toEqual([table, name, 'C']);
  });

  it('can be undone and done again', async () => {
    const before = await columnsOf('deliveries');
    await database.undoLastMigration();
    expect(await columnsOf('quarantine_actions')).toEqual([]);
    await database.undoLastMigration();
    expect((await columnsOf('deliveries')).length).toBe(before.length - 1);
    await database.undoLastMigration();
    expect(await columnsOf('commands')).toEqual([]);
    expect((await columnsOf('deliveries')).length).toBeLessThan(before.length);
    await database.undoLastMigration();
    expect(await columnsOf('deliveries')).toEqual([]);
    await runMigrations(database, silentLogger);
    expect(await columnsOf('deliveries')).toEqual(before);
  });
});
