import {
  CheckpointStore,
  connectDatabase,
  type Database,
  runMigrations,
  type Transaction,
  ZombieProjector,
} from '@millrace/postgres';
import { type IncomingMessage, topicNames } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { randomFrom, testEnvironment } from '@millrace/test-environment';
import { historyDatabase } from '../history.config';
import { compareSchemas } from '../rebuild/compare-schemas.store';
import { DayPartitions } from './day-partitions.store';
import { ExpectedOffsets, Projection } from './projection';
import {
  createdFact,
  DAY_MS,
  finishedFact,
  type SampleLog,
  sampleEvent,
  sampleLog,
  startedFact,
  T0,
} from './sample-log.fixture';

jest.setTimeout(120_000);

const topics = topicNames('t.');
let url: string;
const sources: Database[] = [];

beforeAll(async () => {
  url = await (await testEnvironment()).freshDatabase();
});
afterAll(async () => {
  for (const source of sources) await source.destroy();
});

const freshSchema = async (name: string): Promise<Database> => {
  const database = await connectDatabase(historyDatabase(url, name), silentLogger);
  sources.push(database);
  await runMigrations(database, silentLogger);
  return database;
};

const projectionOn = (database: Database) =>
  new Projection(database, new CheckpointStore(database), new DayPartitions(database), topics);

/** Partitions as lists of records, in order. */
const linesOf = (log: Pick<SampleLog, 'messages'>): IncomingMessage[][] => {
  const lines = new Map<string, IncomingMessage[]>();
  for (const message of log.messages) {
    const key = `${message.topic}/${message.partition}`;
    lines.set(key, [...(lines.get(key) ?? []), message]);
  }
  return [...lines.values()];
};

/** Aborts a transaction now and then, at a random one of its statements, as a process that is killed does. */
const killedAtRandom = (database: Database, random: () => number, deaths: { count: number }): Database => {
  const die = () => {
    deaths.count++;
    throw new Error('killed');
  };
  return replacing(database, {
    transaction: (work: (tx: Transaction) => Promise<unknown>) =>
      database.transaction(async (tx) => {
        const doomed = random() < 0.35;
        let left = doomed ? 1 + Math.floor(random() * 6) : Number.POSITIVE_INFINITY;
        const query = (text: string, parameters?: unknown[]) => (left-- <= 0 ? die() : tx.query(text, parameters));
        const result = await work(replacing(tx, { query }));
        if (doomed) die();
        return result;
      }),
  });
};

const replacing = <T extends object>(target: T, members: { readonly [name: string]: unknown }): T =>
  new Proxy(target, {
    get: (object, name) => (typeof name === 'string' && members[name]) || Reflect.get(object, name),
  });

/** Projects everything: partitions taken in a random interleaving, in batches of random size, starting over after deaths. */
const projectAll = async (database: Database, log: SampleLog, seed: number, deaths: { count: number } | null) => {
  const random = randomFrom(seed);
  const lines = linesOf(log);
  for (;;) {
    const projection = projectionOn(deaths === null ? database : killedAtRandom(database, random, deaths));
    const expected = new ExpectedOffsets();
    const next = new Map<IncomingMessage[], number>();
    for (const line of lines) {
      const { topic, partition } = line[0]!;
      const at = await new CheckpointStore(database).nextOffset(topic, partition);
      expected.set(topic, partition, at);
      next.set(line, Number(at ?? 0));
    }
    try {
      for (;;) {
        const open = lines.filter((line) => next.get(line)! < line.length);
        if (open.length === 0) return;
        const records: IncomingMessage[] = [];
        const chosen = open.filter(() => random() < 0.5);
        for (const line of chosen.length > 0 ? chosen : open.slice(0, 1)) {
          const from = next.get(line)!;
          const to = Math.min(line.length, from + 1 + Math.floor(random() ** 3 * 60));
          records.push(...line.slice(from, to));
          next.set(line, to);
        }
        const batch = projection.newBatch();
        for (const record of records) batch.add(record);
        await projection.project(records, batch, expected);
      }
    } catch (error) {
      if (!/^killed/.test((error as Error).message)) throw error;
    }
  }
};

const countOf = async (database: Database, table: string): Promise<number> =>
  Number((await database.query<{ count: string }[]>(`SELECT count(*) FROM ${table}`))[0]!.count);

describe('the projection', () => {
  it('gives the same rows whatever the batches, the order of the partitions and the deaths in between', async () => {
    const log = sampleLog({ seed: 7, events: 150, deliveriesPerEvent: 3, partitions: 5, prefix: 't.', oddities: true });
    const deaths = { count: 0 };
    const calm = await freshSchema('calm');
    await projectAll(calm, log, 1, null);
    for (const seed of [2, 3, 4]) {
      const name = `stormy_${seed}`;
      const stormy = await freshSchema(name);
      await projectAll(stormy, log, seed, deaths);
      expect(await compareSchemas(stormy, 'calm', name)).toEqual([]);
    }
    expect(deaths.count).toBeGreaterThan(10);
    expect(await countOf(calm, 'deliveries')).toBe(log.deliveries + 1);
    expect(await countOf(calm, 'events')).toBe(log.events);
    expect(await countOf(calm, 'refused_facts')).toBe(5 + 6 + 7);
    // the log had what makes the merges differ: commands, later epochs, places, heads
    expect(await countOf(calm, 'commands WHERE result = $$done$$')).toBeGreaterThan(20);
    expect(await countOf(calm, 'deliveries WHERE epoch > 0 AND record_offset > 1000')).toBeGreaterThan(20);
    expect(await countOf(calm, 'deliveries WHERE sequence = 7 AND subject IS NOT NULL')).toBeGreaterThan(200);
  });

  it('shows a difference where there is one', async () => {
    const left = await freshSchema('left_side');
    const right = await freshSchema('right_side');
    const log = sampleLog({ seed: 9, events: 5, deliveriesPerEvent: 1, partitions: 1, prefix: 't.' });
    for (const database of [left, right]) await projectAll(database, log, 1, null);
    await right.query(`UPDATE deliveries SET status = 'unheard_of' WHERE event_id = 'evt-9-3'`);
    await right.query(`INSERT INTO rejections VALUES ('t', 0, 0, '2026-02-17', 0, 'x', '', NULL, 0)`);
    expect(await compareSchemas(left, 'left_side', 'right_side')).toMatchObject([
      { table: 'deliveries', onlyIn: 'left_side', rows: 1 },
      {
        table: 'deliveries',
        onlyIn: 'right_side',
        rows: 1,
        examples: [expect.stringContaining('"status":"unheard_of"')],
      },
      { table: 'rejections', onlyIn: 'right_side', rows: 1 },
    ]);
  });

  it('stores nothing for a projector whose checkpoint another one has moved', async () => {
    const database = await freshSchema('zombie');
    const log = sampleLog({ seed: 11, events: 4, deliveriesPerEvent: 1, partitions: 1, prefix: 't.' });
    const [line] = linesOf(log);
    const owner = projectionOn(database);
    const zombie = projectionOn(database);
    const stale = new ExpectedOffsets();
    const project = (projection: Projection, records: IncomingMessage[], expected: ExpectedOffsets) => {
      const batch = projection.newBatch();
      for (const record of records) batch.add(record);
      return projection.project(records, batch, expected);
    };
    await project(owner, line!.slice(0, 2), new ExpectedOffsets());
    await expect(project(zombie, line!.slice(0, 4), stale)).rejects.toThrow(ZombieProjector);
    expect(await new CheckpointStore(database).nextOffset(line![0]!.topic, 0)).toBe(2n);
    expect(await countOf(database, 'events')).toBe(2);
  });

  it('puts a fact aside that PostgreSQL will not take, and the rest flows', async () => {
    const database = await freshSchema('refusing');
    await database.query(`ALTER TABLE attempts ADD CHECK (outcome <> 'http_555')`);
    const records = ['a', 'b', 'c', 'd', 'e'].map((name, at): IncomingMessage => {
      const created = createdFact(sampleEvent(name), 'ep_1');
      const finished = finishedFact(
        startedFact(created, 1, T0),
        name === 'c' ? 555 : 200,
        { kind: 'succeeded' },
        name === 'c' ? { outcome: 'http_555' } : {},
      );
      const value = Buffer.from(JSON.stringify({ v: 1, facts: [created, finished] }));
      return {
        topic: topics.deliveryLog,
        partition: 0,
        offset: BigInt(at),
        timestamp: T0,
        key: null,
        value,
        headers: {},
      };
    });
    const projection = projectionOn(database);
    const batch = projection.newBatch();
    for (const record of records) batch.add(record);
    await projection.project(records, batch, new ExpectedOffsets());
    expect(await countOf(database, 'deliveries')).toBe(5);
    expect(await countOf(database, 'attempts')).toBe(4);
    expect(await database.query('SELECT record_offset, fact_index, reason FROM refused_facts')).toEqual([
      { record_offset: '2', fact_index: 1, reason: 'PostgreSQL 23514' },
    ]);
    expect(await new CheckpointStore(database).nextOffset(topics.deliveryLog, 0)).toBe(5n);
  });

  it('makes the partition of a day when its first row comes, and drops it when its time is over', async () => {
    const database = await freshSchema('days');
    const days = new DayPartitions(database);
    const projection = new Projection(database, new CheckpointStore(database), days, topics);
    const facts = [0, 20, 40].map((age) =>
      createdFact(sampleEvent(`e${age}`, { time: new Date(T0 - age * DAY_MS).toISOString() }), 'ep_1'),
    );
    const value = Buffer.from(JSON.stringify({ v: 1, facts }));
    const project = async (offset: bigint) => {
      const record = { topic: topics.deliveryLog, partition: 0, offset, timestamp: T0, key: null, value, headers: {} };
      const expected = new ExpectedOffsets();
      expected.set(topics.deliveryLog, 0, offset === 0n ? null : offset);
      const batch = projection.newBatch();
      batch.add(record);
      await projection.project([record], batch, expected);
    };
    await project(0n);
    expect(await countOf(database, 'deliveries')).toBe(3);
    expect(await days.dropBefore('2026-01-20')).toEqual(['deliveries_20260108']);
    expect(await countOf(database, 'deliveries')).toBe(2);
    expect(await days.dropBefore('2026-01-20')).toEqual([]);
    // Another process dropped it: this one believes that it is there, finds out, and makes it again.
    await new DayPartitions(database).dropBefore('2026-02-01');
    await expect(project(1n)).rejects.toThrow(/no partition/);
    await project(1n);
    expect(await countOf(database, 'deliveries')).toBe(3);
  });
});
