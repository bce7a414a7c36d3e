import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clusterId } from '../../../deploy/local/kafka/cluster-id';
import { brokerContainerSettings } from '../../../deploy/local/kafka/docker-broker-part';
import { freeTestPort } from '../../../deploy/local/machine/free-port';
import { DATABASE_USER } from '../../../deploy/local/postgres/native-database';
import { eventually } from './eventually';
import type { StackDriver, StackFacts, StackPart } from './stack';

const KAFKA_IMAGE = 'apache/kafka:4.1.1';
const POSTGRES_IMAGE = 'postgres:18';

const docker = async (timeout: number, ...args: string[]): Promise<string> =>
  (await promisify(execFile)('docker', args, { timeout })).stdout.trim();

/** Docker runs, and has both images: only then are containers quicker than what is already on this machine. */
export const containersAreReady = (): Promise<boolean> =>
  docker(2_000, 'info')
    .then(() => docker(2_000, 'image', 'inspect', KAFKA_IMAGE, POSTGRES_IMAGE))
    .then(
      () => true,
      () => false,
    );

const idOf = (part: StackPart): string => {
  if (part.runsAs.kind !== 'container') throw new Error('this part runs as a process');
  return part.runsAs.id;
};

/** The watchdog of the run removes what is noted here. */
const noteContainer = (run: string, id: string): void => {
  mkdirSync(join(run, 'containers'), { recursive: true });
  writeFileSync(join(run, 'containers', id), '');
};

/** The log since the container's last start. */
const logHas = async (id: string, line: RegExp): Promise<boolean> => {
  const since = await docker(5_000, 'inspect', '--format', '{{.State.StartedAt}}', id);
  const { stdout, stderr } = await promisify(execFile)('docker', ['logs', '--since', since, id], { timeout: 10_000 });
  return line.test(stdout + stderr);
};

/** PostgreSQL says it twice in the container's first start: its own preparation comes before. */
const databaseIsReady = (id: string) =>
  docker(5_000, 'exec', id, 'pg_isready', '-h', '127.0.0.1', '-U', DATABASE_USER).then(
    () => true,
    () => false,
  );

const startAgain = async (part: StackPart): Promise<void> => void (await docker(30_000, 'start', idOf(part)));

/**
 * The same two in containers, by testcontainers. Ports are fixed ones, so that a restarted broker is found where it was. The
 * reaper is off: it would remove the containers with the worker that happened to start them.
 */
export const containerStack: StackDriver = {
  async start(folder, run) {
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    const { GenericContainer, Wait } = await import('testcontainers');
    const password = randomBytes(12).toString('hex');
    const [brokerPort, databasePort] = [await freeTestPort(), await freeTestPort()];
    const settings = Object.entries(brokerContainerSettings('127.0.0.1', brokerPort)).map(
      ([name, value]) => [`KAFKA_${name.replaceAll('.', '_').toUpperCase()}`, value] as const,
    );
    const [broker, database] = await Promise.all([
      new GenericContainer(KAFKA_IMAGE)
        .withEnvironment({ ...Object.fromEntries(settings), CLUSTER_ID: clusterId(randomBytes(16)) })
        .withExposedPorts({ container: brokerPort, host: brokerPort })
        .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
        .start(),
      new GenericContainer(POSTGRES_IMAGE)
        .withEnvironment({ POSTGRES_USER: DATABASE_USER, POSTGRES_PASSWORD: password, POSTGRES_DB: 'postgres' })
        .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
        .withExposedPorts({ container: 5432, host: databasePort })
        .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
        .start(),
    ]);
    for (const container of [broker, database]) noteContainer(run, container.getId());
    return {
      folder,
      brokers: [`127.0.0.1:${brokerPort}`],
      kafka: { port: brokerPort, controllerPort: 0, runsAs: { kind: 'container', id: broker.getId() } },
      postgres: { port: databasePort, password, runsAs: { kind: 'container', id: database.getId() } },
    };
  },
  stopBroker: async (facts, how) => {
    await (how === 'kill'
      ? docker(10_000, 'kill', idOf(facts.kafka))
      : docker(40_000, 'stop', '-t', '30', idOf(facts.kafka)));
  },
  startBroker: async (facts) => {
    await startAgain(facts.kafka);
    await eventually(() => logHas(idOf(facts.kafka), /Kafka Server started/), 'Kafka in its container', 60_000);
    return facts;
  },
  stopDatabase: async (facts, how) => {
    const id = idOf(facts.postgres);
    await docker(10_000, 'kill', '--signal', how === 'immediate' ? 'SIGQUIT' : 'SIGINT', id);
    await docker(20_000, 'wait', id);
  },
  startDatabase: async (facts) => {
    await startAgain(facts.postgres);
    await eventually(() => databaseIsReady(idOf(facts.postgres)), 'PostgreSQL in its container', 60_000);
    return facts;
  },
  processId: () => {
    throw new Error('a container has no process id of this machine');
  },
  remove: async (facts: StackFacts) => {
    await docker(60_000, 'rm', '-f', '-v', idOf(facts.kafka), idOf(facts.postgres));
  },
};
