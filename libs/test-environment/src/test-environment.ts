import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { databaseUrl } from '../../../deploy/local/postgres/native-database';
import { containerStack, containersAreReady } from './container-stack';
import { nativeStack } from './native-stack';
import { runFolder, withLock } from './run-folder';
import type { StackDriver, StackFacts } from './stack';

/** A real Kafka broker and a real PostgreSQL. Topics and tables are the test's own, by prefix and by database. */
export interface TestEnvironment {
  readonly brokers: string[];
  /** Process ids as they are now; a restart changes them. For measurements. */
  readonly processes: { readonly broker: number; readonly database: number };
  /** Makes an empty database; answers its URL. */
  freshDatabase(): Promise<string>;
  /** A topic prefix that nobody else uses, with its dot: `t7f3a9c.` */
  freshPrefix(): string;
  /**
   * Ends the broker (`kill`: SIGKILL) and starts it again at the same address with its data. Everybody who shares it notices:
   * tests of failures take an {@link isolatedEnvironment}.
   */
  restartBroker(how: 'kill' | 'stop'): Promise<void>;
  stopBroker(how: 'kill' | 'stop'): Promise<void>;
  startBroker(): Promise<void>;
  /** `immediate` is PostgreSQL's own word: every backend quits at once, the next start recovers. */
  restartDatabase(how: 'immediate' | 'stop'): Promise<void>;
  stopDatabase(how: 'immediate' | 'stop'): Promise<void>;
  startDatabase(): Promise<void>;
  /** Ends an isolated environment and removes its data; for the shared one it does nothing, that ends with the run. */
  close(): Promise<void>;
}

/**
 * The environment that all tests of a run share. The first caller, in whichever worker of jest, starts it (3 s); the others
 * find it. It ends with the run.
 */
export const testEnvironment = (): Promise<TestEnvironment> => {
  shared ??= startShared();
  return shared;
};
let shared: Promise<TestEnvironment> | undefined;

/** A broker and a database of one's own, for tests that kill them. Close it; otherwise it ends with the run. */
export const isolatedEnvironment = async (): Promise<TestEnvironment> => {
  const run = runFolder();
  const folder = join(run, `isolated-${randomBytes(4).toString('hex')}`);
  mkdirSync(folder, { mode: 0o755 });
  const driver = await chooseDriver();
  const facts = await driver.start(folder, run);
  writeFacts(folder, facts);
  return environmentOf(driver, run, facts, () => driver.remove(current(folder)));
};

const startShared = async (): Promise<TestEnvironment> => {
  const run = runFolder();
  const folder = join(run, 'shared');
  const driver = await chooseDriver();
  const facts = await withLock(run, 'shared', async () => {
    const failure = join(run, 'failed');
    // One clear failure for all: without this every file of the run would try again, each for a minute.
    if (existsSync(failure)) throw new Error(readFileSync(failure, 'utf8'));
    if (existsSync(join(folder, 'stack.json'))) return current(folder);
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    try {
      const started = await driver.start(folder, run);
      writeFacts(folder, started);
      return started;
    } catch (error) {
      const hints = (error as { hints?: string[] }).hints ?? [];
      const text = ['The test environment could not start.', (error as Error).message, ...hints].join('\n');
      writeFileSync(failure, text);
      throw new Error(text);
    }
  });
  return environmentOf(driver, run, facts, () => Promise.resolve());
};

const chooseDriver = async (): Promise<StackDriver> => ((await containersAreReady()) ? containerStack : nativeStack);

const current = (folder: string): StackFacts => JSON.parse(readFileSync(join(folder, 'stack.json'), 'utf8'));

const writeFacts = (folder: string, facts: StackFacts): void => {
  const draft = join(folder, `.stack.${process.pid}.json`);
  writeFileSync(draft, JSON.stringify(facts, null, 2));
  renameSync(draft, join(folder, 'stack.json'));
};

const environmentOf = (
  driver: StackDriver,
  run: string,
  { folder, brokers, postgres }: StackFacts,
  close: () => Promise<void>,
): TestEnvironment => {
  const stopBroker = (how: 'kill' | 'stop') => driver.stopBroker(current(folder), how);
  const startBroker = async () => writeFacts(folder, await driver.startBroker(current(folder), run));
  const stopDatabase = (how: 'immediate' | 'stop') => driver.stopDatabase(current(folder), how);
  const startDatabase = async () => writeFacts(folder, await driver.startDatabase(current(folder), run));
  return {
    brokers: [...brokers],
    get processes() {
      const facts = current(folder);
      return { broker: driver.processId(facts.kafka), database: driver.processId(facts.postgres) };
    },
    freshPrefix: () => `t${randomBytes(4).toString('hex')}.`,
    async freshDatabase() {
      const name = `t${randomBytes(6).toString('hex')}`;
      const client = new Client({ connectionString: databaseUrl(postgres, 'postgres') });
      await client.connect();
      try {
        await client.query(`CREATE DATABASE ${name}`);
      } finally {
        await client.end();
      }
      return databaseUrl(postgres, name);
    },
    stopBroker,
    startBroker,
    restartBroker: async (how) => {
      await stopBroker(how);
      await startBroker();
    },
    stopDatabase,
    startDatabase,
    restartDatabase: async (how) => {
      await stopDatabase(how);
      await startDatabase();
    },
    close,
  };
};
