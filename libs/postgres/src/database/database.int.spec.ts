import { silentLogger } from '@millrace/telemetry';
import { isolatedEnvironment, type TestEnvironment, testEnvironment } from '@millrace/test-environment';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { OUTBOX_TABLES, Outbox } from '../outbox/outbox';
import { OutboxRelay } from '../outbox/outbox-relay';
import { connectDatabase, createDatabase, type Database, type DatabaseSettings } from './database';
import { isDatabaseUnavailable, isUnstorableValue } from './database-errors';
import { pendingMigrations, runMigrations } from './migrations';
import { inTransaction } from './transaction';
import { lockUntilEnd } from './transaction-lock';

class First1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE thing (n int PRIMARY KEY, name text)');
    // long enough for the other instance to arrive
    await runner.query('SELECT pg_sleep(0.3)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE thing');
  }
}
class Broken1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half (n int)');
    await runner.query('CREATE TABLE thing (n int)');
  }
  async down(): Promise<void> {}
}

describe('database of a service', () => {
  const open: Database[] = [];
  const connect = async (settings: Partial<DatabaseSettings> & { url: string }): Promise<Database> => {
    const database = await connectDatabase(
      { schema: 'own', applicationName: 'test', ...settings },
      silentLogger,
      10_000,
    );
    open.push(database);
    return database;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((database) => database.destroy()));
  });

  it('makes its schema, and finds its tables there without naming it', async () => {
    const url = await (await testEnvironment()).freshDatabase();
    const database = await connect({ url, migrations: [First1700000000001] });
    await runMigrations(database, silentLogger);
    expect(await database.query("SELECT schemaname FROM pg_tables WHERE tablename IN ('thing', 'migrations')")).toEqual(
      [{ schemaname: 'own' }, { schemaname: 'own' }],
    );
  });

  it('three instances that start at once run each migration once', async () => {
    const url = await (await testEnvironment()).freshDatabase();
    const all = await Promise.all([1, 2, 3].map(() => connect({ url, migrations: [First1700000000001] })));
    const ran = await Promise.all(all.map((database) => runMigrations(database, silentLogger)));
    expect(ran.flat()).toEqual(['First1700000000001']);
    expect(await pendingMigrations(all[0]!)).toBe(false);
  });

  it('a migration that fails leaves nothing of itself, and keeps those before it', async () => {
    const url = await (await testEnvironment()).freshDatabase();
    const database = await connect({ url, migrations: [First1700000000001, Broken1700000000002] });
    await expect(runMigrations(database, silentLogger)).rejects.toThrow('already exists');
    expect(await database.query("SELECT tablename FROM pg_tables WHERE tablename IN ('thing', 'half')")).toEqual([
      { tablename: 'thing' },
    ]);
    expect(await pendingMigrations(database)).toBe(true);
  });

  it('those who lock the same name take turns until their transactions end', async () => {
    const url = await (await testEnvironment()).freshDatabase();
    const database = await connect({ url, migrations: [First1700000000001] });
    await runMigrations(database, silentLogger);
    const addNext = () =>
      inTransaction(database, async (tx) => {
        await lockUntilEnd(tx, 'things of acme');
        const [{ count }] = await tx.query('SELECT count(*)::int AS count FROM thing');
        // Without turns all of them would have counted by now.
        await tx.query('SELECT pg_sleep(0.05)');
        await tx.query('INSERT INTO thing (n) VALUES ($1)', [count + 1]);
      });
    await Promise.all(Array.from({ length: 8 }, addNext));
    expect(await database.query('SELECT max(n) AS last FROM thing')).toEqual([{ last: 8 }]);
  });

  it('a statement that takes too long is cancelled, and counts as unavailable', async () => {
    const url = await (await testEnvironment()).freshDatabase();
    const database = await connect({ url, statementTimeoutMs: 100 });
    const error = await database.query('SELECT pg_sleep(5)').catch((thrown: unknown) => thrown);
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  it('a full pool counts as unavailable', async () => {
    const url = await (await testEnvironment()).freshDatabase();
    const database = await connect({ url, poolSize: 1, acquireTimeoutMs: 100 });
    const error = await inTransaction(database, () => database.query('SELECT 1').catch((thrown: unknown) => thrown));
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  it.each([
    ['a NUL in text', 'SELECT $1::text', ['a\u0000b']],
    ['a number out of range', 'SELECT $1::int', ['99999999999']],
    ['a year that no timestamp has', 'SELECT $1::timestamptz', ['999999-01-01T00:00:00Z']],
  ])('%s is a wrong value, not a defect', async (_, statement, values) => {
    const url = await (await testEnvironment()).freshDatabase();
    const database = await connect({ url });
    const error = await database.query(statement, values).catch((thrown: unknown) => thrown);
    expect(isUnstorableValue(error)).toBe(true);
    expect(isDatabaseUnavailable(error)).toBe(false);
  });

  it.each(['Own', 'a"b', '', 'a; DROP', 'pg temp'])('refuses %j as a schema name', (schema) => {
    expect(() => createDatabase({ url: 'postgres://x/y', schema, applicationName: 'test' })).toThrow('schema name');
  });
});

describe('a database that restarts', () => {
  let environment: TestEnvironment;
  beforeAll(async () => {
    environment = await isolatedEnvironment();
  }, 60_000);
  afterAll(() => environment.close());

  it('is unavailable meanwhile; pool and relay go on by themselves when it is back', async () => {
    const url = await environment.freshDatabase();
    const database = await createDatabase({ url, schema: 'public', applicationName: 'test' }).initialize();
    for (const statement of OUTBOX_TABLES.up) await database.query(statement);
    const outbox = new Outbox('public');
    const log: string[] = [];
    const relay = new OutboxRelay({
      databaseUrl: url,
      schema: 'public',
      publish: async (messages) => void log.push(...messages.map((message) => String(message.value))),
      logger: silentLogger,
      pollMs: 50,
      fenceMs: 200,
    });
    await relay.start();
    const add = (text: string) =>
      inTransaction(database, (tx) =>
        outbox.add(tx, [{ topic: 't', key: 'k', value: Buffer.from(text), headers: {} }]),
      );
    await relay.waitPublished(await add('before'), 10_000);

    await environment.stopDatabase('immediate');
    const error = await add('lost').catch((thrown: unknown) => thrown);
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(relay.health().alive).toBe(true);
    await environment.startDatabase();

    await relay.waitPublished(await add('after'), 20_000);
    expect(log).toEqual(['before', 'after']);
    await relay.stop(1_000);
    await database.destroy();
  }, 60_000);
});
