import { testEnvironment } from '@millrace/test-environment';
import { createDatabase, type Database } from '../database/database';
import { inTransaction } from '../database/transaction';
import { CHECKPOINT_TABLES, type CheckpointMove, CheckpointStore, ZombieProjector } from './checkpoint-store';

describe('checkpoint on PostgreSQL', () => {
  let database: Database;
  let checkpoints: CheckpointStore;

  beforeEach(async () => {
    const url = await (await testEnvironment()).freshDatabase();
    database = await createDatabase({ url, schema: 'public', applicationName: 'test' }).initialize();
    for (const statement of CHECKPOINT_TABLES.up) await database.query(statement);
    await database.query('CREATE TABLE fact (n int PRIMARY KEY)');
    checkpoints = new CheckpointStore(database);
  });
  afterEach(() => database.destroy());

  const project = (fact: number, from: bigint | null, to: bigint) =>
    inTransaction(database, async (tx) => {
      await tx.query('INSERT INTO fact VALUES ($1)', [fact]);
      await checkpoints.advance(tx, 'log', 0, from, to);
    });
  const facts = async () => (await database.query('SELECT n FROM fact ORDER BY n')).map((row: { n: number }) => row.n);

  it('is null before the first, then where the last transaction left it', async () => {
    expect(await checkpoints.nextOffset('log', 0)).toBeNull();
    await project(1, null, 10n);
    await project(2, 10n, 9_007_199_254_740_993n);
    expect(await checkpoints.nextOffset('log', 0)).toBe(9_007_199_254_740_993n);
    expect(await checkpoints.nextOffset('log', 1)).toBeNull();
  });

  it.each<[string, bigint | null]>([
    ['one that is behind', 10n],
    ['one that is ahead', 30n],
    ['one that believes in an empty history', null],
  ])('refuses %s, and its rows with it', async (_, from) => {
    await project(1, null, 10n);
    await project(2, 10n, 20n);
    await expect(project(3, from, 40n)).rejects.toBeInstanceOf(ZombieProjector);
    expect(await facts()).toEqual([1, 2]);
    expect(await checkpoints.nextOffset('log', 0)).toBe(20n);
  });

  it('refuses a zombie that writes into a history that was dropped for a rebuild', async () => {
    await expect(project(1, 1_000n, 1_010n)).rejects.toBeInstanceOf(ZombieProjector);
    expect(await facts()).toEqual([]);
  });

  it('of two that move from the same offset at once, one wins', async () => {
    await project(1, null, 10n);
    const results = await Promise.allSettled([project(2, 10n, 20n), project(3, 10n, 25n)]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await facts()).toHaveLength(2);
  });

  it('of two that begin at once, one wins', async () => {
    const results = await Promise.allSettled([project(2, null, 20n), project(3, null, 25n)]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await facts()).toHaveLength(1);
  });

  it('moves many partitions at once, or none', async () => {
    const moves = (from: bigint | null, to: bigint): CheckpointMove[] =>
      [0, 1, 2].map((partition) => ({ topic: 'log', partition, from, to }));
    await inTransaction(database, (tx) => checkpoints.advanceAll(tx, moves(null, 5n)));
    const withOneWrong = [...moves(5n, 9n).slice(0, 2), { topic: 'log', partition: 2, from: 4n, to: 9n }];
    await expect(inTransaction(database, (tx) => checkpoints.advanceAll(tx, withOneWrong))).rejects.toMatchObject({
      move: { partition: 2 },
    });
    expect(await checkpoints.nextOffset('log', 0)).toBe(5n);
  });
});
