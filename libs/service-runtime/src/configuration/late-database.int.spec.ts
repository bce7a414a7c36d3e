import { connectDatabase, inTransaction } from '@millrace/postgres';
import { silentLogger } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { ApiProblem } from '../http/api-problem';
import { LateDatabase } from './late-database';

jest.setTimeout(60_000);

class Notes1 {
  readonly name = 'Notes1000000000000';
  async up(runner: { query(statement: string): Promise<unknown> }): Promise<void> {
    await runner.query('CREATE TABLE note (text text NOT NULL)');
  }
  async down(): Promise<void> {}
}

const late = (url: string) =>
  new LateDatabase({
    settings: { url, schema: 'late', applicationName: 'late-test', migrations: [Notes1 as never] },
    migrate: true,
    logger: silentLogger,
    open: (database) => () => inTransaction(database, (tx) => tx.query('SELECT * FROM note')),
    retryMs: 50,
  });

test('a database that is there is there after the start', async () => {
  const environment = await testEnvironment();
  const database = late(await environment.freshDatabase());
  await database.start();
  await database.whenReady;
  expect(await database.get()()).toEqual([]);
  await database.stop();
});

test('without one the start goes on, calls are refused with unavailable, and the end does not hang', async () => {
  const database = late('postgres://nobody:none@127.0.0.1:1/none');
  await database.start();
  expect(() => database.get()).toThrow(ApiProblem);
  let ready = false;
  void database.whenReady.then(() => {
    ready = true;
  });
  await database.stop();
  expect(ready).toBe(false);
  expect(database.health()).toEqual({ alive: true, reason: null });
});

test('one that comes later is used', async () => {
  const environment = await testEnvironment();
  const url = await environment.freshDatabase();
  const name = new URL(url).pathname.slice(1);
  const later = new URL(url);
  later.pathname = `/${name}_later`;
  const database = late(later.href);
  await database.start();
  expect(() => database.get()).toThrow(/cannot be reached/);
  const maker = await connectDatabase({ url, schema: 'maker', applicationName: 'late-test' }, silentLogger);
  await maker.query(`CREATE DATABASE "${name}_later"`);
  await maker.destroy();
  await eventually(() => {
    try {
      return database.get() !== null;
    } catch {
      return false;
    }
  }, 'the database');
  expect(await database.get()()).toEqual([]);
  await database.stop();
});
