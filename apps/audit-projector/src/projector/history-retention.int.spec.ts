import { CheckpointStore, connectDatabase, type Database, runMigrations } from '@millrace/postgres';
import { encodeFacts, topicNames } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { testEnvironment } from '@millrace/test-environment';
import { historyDatabase } from '../history.config';
import { DayPartitions } from './day-partitions.store';
import { HistoryRetention } from './history-retention';
import { ExpectedOffsets, Projection } from './projection';
import { createdFact, DAY_MS, endedFact, refusedCommandFact, sampleEvent, T0 } from './sample-log.fixture';

jest.setTimeout(60_000);

const topics = topicNames('t.');
let database: Database;
beforeAll(async () => {
  const url = await (await testEnvironment()).freshDatabase();
  database = await connectDatabase(historyDatabase(url), silentLogger);
  await runMigrations(database, silentLogger);
});
afterAll(async () => {
  await database?.destroy();
});

it('drops deliveries with their commands when the history no longer keeps their day', async () => {
  const days = new DayPartitions(database);
  const projection = new Projection(database, new CheckpointStore(database), days, topics);
  const facts = [0, 19, 20, 21, 40].flatMap((age) => {
    const created = createdFact(sampleEvent(`e${age}`, { time: new Date(T0 - age * DAY_MS).toISOString() }), 'ep_1');
    return [created, refusedCommandFact(created, { at: T0 }), endedFact(created, { at: T0 })];
  });
  const [message] = encodeFacts(topics.deliveryLog, 0, facts);
  const record = { ...message!, partition: 0, offset: 0n, timestamp: T0, key: null, headers: {} };
  const batch = projection.newBatch();
  batch.add(record);
  await projection.project([record], batch, new ExpectedOffsets());
  const kept = async (table: string): Promise<number> =>
    Number((await database.query<{ count: string }[]>(`SELECT count(*) FROM ${table}`))[0]!.count);
  expect([await kept('deliveries'), await kept('commands')]).toEqual([5, 5]);
  const retention = new HistoryRetention(database, days, 20, () => T0, silentLogger);
  await retention.dropOld();
  expect([await kept('deliveries'), await kept('commands')]).toEqual([3, 3]);
});

it('keeps a day whose deliveries have not all ended, with its commands, and not for ever', async () => {
  const days = new DayPartitions(database);
  const projection = new Projection(database, new CheckpointStore(database), days, topics);
  const at = (age: number) => new Date(T0 - age * DAY_MS).toISOString();
  const [open, ended, lost] = [30, 31, 90].map((age) => createdFact(sampleEvent(`o${age}`, { time: at(age) }), 'ep_2'));
  const facts = [
    open!,
    refusedCommandFact(open!, { at: T0 }),
    ended!,
    endedFact(ended!, { at: T0 }),
    refusedCommandFact(ended!, { at: T0 }),
    lost!,
  ];
  const [message] = encodeFacts(topics.deliveryLog, 1, facts);
  const record = { ...message!, partition: 1, offset: 0n, timestamp: T0, key: null, headers: {} };
  const batch = projection.newBatch();
  batch.add(record);
  await projection.project([record], batch, new ExpectedOffsets());
  await new HistoryRetention(database, days, 20, () => T0, silentLogger).dropOld();
  const left = await database.query<{ id: string }[]>(
    `SELECT delivery_id AS id FROM deliveries WHERE endpoint_id = 'ep_2'`,
  );
  expect(left).toEqual([{ id: open!.deliveryId }]);
  const commands = await database.query<{ id: string }[]>(`SELECT delivery_id AS id FROM commands`);
  expect(commands.map(({ id }) => id)).toContain(open!.deliveryId);
  expect(commands.map(({ id }) => id)).not.toContain(ended!.deliveryId);
});
