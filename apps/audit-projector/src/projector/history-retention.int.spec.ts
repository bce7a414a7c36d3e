import { CheckpointStore, connectDatabase, type Database, runMigrations } from '@millrace/postgres';
import { encodeFacts, topicNames } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { testEnvironment } from '@millrace/test-environment';
import { historyDatabase } from '../history.config';
import { DayPartitions } from './day-partitions.store';
import { HistoryRetention } from './history-retention';
import { ExpectedOffsets, Projection } from './projection';
import { createdFact, DAY_MS, refusedCommandFact, sampleEvent, T0 } from './sample-log.fixture';

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
    return [created, refusedCommandFact(created, { at: T0 })];
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
