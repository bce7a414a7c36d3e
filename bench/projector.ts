import { randomUUID } from 'node:crypto';
import { CheckpointStore, connectDatabase, type Database, runMigrations } from '@millrace/postgres';
import { type DeliveryFact, encodeFacts, type IncomingMessage, topicNames } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import type { TestEnvironment } from '@millrace/test-environment';
import { Client } from 'pg';
import { historyDatabase } from '../apps/audit-projector/src/history.config';
import { attemptWrite } from '../apps/audit-projector/src/projections/attempts/attempt.store';
import { deliveryWrite } from '../apps/audit-projector/src/projections/deliveries/delivery.store';
import { DayPartitions } from '../apps/audit-projector/src/projector/day-partitions.store';
import { ExpectedOffsets, Projection } from '../apps/audit-projector/src/projector/projection';
import { BATCH_FACTS } from '../apps/audit-projector/src/projector/projector.consumer';
import {
  createdFact,
  finishedFact,
  sampleEvent,
  startedFact,
} from '../apps/audit-projector/src/projector/sample-log.fixture';
import type { TableWrite } from '../apps/audit-projector/src/projector/table-write';
import { cpuMicrosOfTree } from './process-cpu';

export interface ProjectorRow {
  readonly name: string;
  readonly value: string;
}

const ROUNDS = 3;
/** Deliveries that are created before their attempt begins, and attempts under way, as in a busy pipeline. */
const AHEAD = 500;
const IN_FLIGHT = 256;
/** Facts of one record of the log, and rows of one COPY. */
const FACTS_PER_RECORD = 50;
const COPY_ROWS = 1_000;
const PREFIX = 'b.';

interface Measured {
  readonly rows: number;
  readonly seconds: number;
  /** Microseconds of CPU for each row. */
  readonly server: number;
  readonly own: number;
}

/**
 * Writing the history of deliveries with one attempt each, against a COPY of the same final rows, 1,000 at a time, into the same
 * tables with the same indexes; in turns in one run, medians. The projector sees a row up to three times (created, started,
 * finished), folds what comes in one batch, and moves its checkpoint in the same transaction.
 */
export const projectorRows = async (environment: TestEnvironment, deliveries = 60_000): Promise<ProjectorRow[]> => {
  const url = await environment.freshDatabase();
  const log = logOf(deliveries);
  const projected: Measured[] = [];
  const copied: Measured[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    projected.push(await onFreshTables(url, `p${round}`, environment, deliveries, (to) => project(to, log)));
    copied.push(
      await onFreshTables(url, `c${round}`, environment, deliveries, (to) => copy(to, url, `c${round}`, log)),
    );
  }
  const [p, c] = [middle(projected), middle(copied)];
  const text = (value: number, digits: number) => value.toFixed(digits);
  return [
    { name: 'projector: rows/s', value: text(p.rows / p.seconds, 0) },
    { name: 'COPY: rows/s', value: text(c.rows / c.seconds, 0) },
    { name: 'projector: CPU of PostgreSQL per row', value: `${text(p.server, 1)} µs` },
    { name: 'COPY: CPU of PostgreSQL per row', value: `${text(c.server, 1)} µs` },
    { name: 'projector: own CPU per row', value: `${text(p.own, 1)} µs` },
    { name: 'projector to COPY, CPU of PostgreSQL', value: text(c.server / p.server, 2) },
    { name: 'projector to COPY, rates', value: text(p.rows / p.seconds / (c.rows / c.seconds), 2) },
  ];
};

interface Work {
  readonly run: () => Promise<void>;
  /** Apart from the run: a backend that has ended takes its CPU time with it. */
  readonly close: () => Promise<void>;
}

const onFreshTables = async (
  url: string,
  schema: string,
  environment: TestEnvironment,
  deliveries: number,
  prepare: (database: Database) => Promise<Work>,
): Promise<Measured> => {
  const database = await connectDatabase(historyDatabase(url, schema), silentLogger);
  try {
    await runMigrations(database, silentLogger);
    const { run, close } = await prepare(database);
    await database.query('CHECKPOINT');
    const server = cpuMicrosOfTree(environment.processes.database);
    const own = process.cpuUsage();
    const began = performance.now();
    await run();
    const seconds = (performance.now() - began) / 1_000;
    const { user, system } = process.cpuUsage(own);
    const rows = 2 * deliveries;
    const spent = cpuMicrosOfTree(environment.processes.database) - server;
    await close();
    return { rows, seconds, server: spent / rows, own: (user + system) / rows };
  } finally {
    await database.query(`DROP SCHEMA "${schema}" CASCADE`);
    await database.destroy();
  }
};

const middle = (all: readonly Measured[]): Measured =>
  [...all].sort((a, b) => a.server - b.server)[all.length >> 1] as Measured;

/** As the pipeline writes it: fan-out ahead of dispatch, and the facts of a flush in one record. */
export const logOf = (deliveries: number): IncomingMessage[] => {
  const now = Date.now();
  const created = Array.from({ length: deliveries }, (_, n) => {
    const at = now - deliveries + n;
    const event = sampleEvent(randomUUID(), { time: new Date(at).toISOString(), subject: `RF-${n % 40}` });
    return createdFact(event, `ep_${n % 10}`, at);
  });
  const facts: DeliveryFact[] = [];
  for (let n = 0; n < deliveries + AHEAD + IN_FLIGHT; n += FACTS_PER_RECORD) {
    const slice = (behind: number) =>
      created.slice(Math.max(0, n - behind), Math.max(0, n - behind + FACTS_PER_RECORD));
    const begun = (each: (typeof created)[number]) => startedFact(each, 1, each.at + 20);
    facts.push(...slice(0), ...slice(AHEAD).map(begun));
    for (const each of slice(AHEAD + IN_FLIGHT)) facts.push(finishedFact(begun(each), 200, { kind: 'succeeded' }));
  }
  const topic = topicNames(PREFIX).deliveryLog;
  const messages: IncomingMessage[] = [];
  for (let from = 0; from < facts.length; from += FACTS_PER_RECORD)
    for (const message of encodeFacts(topic, 0, facts.slice(from, from + FACTS_PER_RECORD)))
      messages.push({
        topic,
        partition: 0,
        offset: BigInt(messages.length),
        timestamp: now,
        key: null,
        value: message.value,
        headers: {},
      });
  return messages;
};

const project = async (database: Database, log: readonly IncomingMessage[]): Promise<Work> => ({
  run: () => projectAll(database, log),
  close: async () => {},
});

const projectAll = async (database: Database, log: readonly IncomingMessage[]): Promise<void> => {
  const days = new DayPartitions(database);
  const projection = new Projection(database, new CheckpointStore(database), days, topicNames(PREFIX));
  const expected = new ExpectedOffsets();
  for (let from = 0; from < log.length; ) {
    const batch = projection.newBatch();
    let to = from;
    while (to < log.length && batch.size < BATCH_FACTS) batch.add(log[to++]!);
    await projection.project(log.slice(from, to), batch, expected);
    from = to;
  }
};

/** The rows as they are in the end, in the order in which they come. */
const copy = async (
  database: Database,
  url: string,
  schema: string,
  log: readonly IncomingMessage[],
): Promise<Work> => {
  const days = new DayPartitions(database);
  const projection = new Projection(database, new CheckpointStore(database), days, topicNames(PREFIX));
  const all = projection.newBatch();
  for (const message of log) all.add(message);
  await days.ensureFor(all);
  const client = new Client({ connectionString: url, options: `-c search_path=${schema}` });
  await client.connect();
  const [deliveries, attempts] = [[...all.deliveries.values()], [...all.attempts.values()]];
  const run = async () => {
    for (let from = 0; from < deliveries.length; from += COPY_ROWS) {
      await copyIn(client, deliveryWrite, deliveries.slice(from, from + COPY_ROWS));
      await copyIn(client, attemptWrite, attempts.slice(from, from + COPY_ROWS));
    }
  };
  return { run, close: () => client.end() };
};

/** What `pg` calls while a COPY runs; it has no COPY of its own. */
interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

const copyIn = <Row>(client: Client, { table, columns }: TableWrite<Row>, rows: readonly Row[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const field = (value: string | number | bigint | Buffer | null): string => {
      if (value === null) return '\\N';
      if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`;
      return String(value).replace(/[\\\t\n\r]/g, (sign) => `\\${ESCAPED[sign]}`);
    };
    const lines = rows.map((row) => columns.map((column) => field(column.value(row))).join('\t'));
    const work = {
      submit: (connection: CopyConnection) => {
        connection.query(`COPY ${table} (${columns.map(({ name }) => name).join(', ')}) FROM STDIN`);
      },
      handleCopyInResponse: (connection: CopyConnection) => {
        connection.sendCopyFromChunk(Buffer.from(`${lines.join('\n')}\n`));
        connection.endCopyFrom();
      },
      handleCommandComplete: () => {},
      handleReadyForQuery: () => resolve(),
      handleError: (error: Error) => reject(error),
    };
    (client as unknown as { query(work: object): void }).query(work);
  });

const ESCAPED: { readonly [sign: string]: string } = { '\\': '\\', '\t': 't', '\n': 'n', '\r': 'r' };
