import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { brokerJars } from '../../../deploy/local/kafka/broker-jars';
import { startNativeBroker, stopBroker } from '../../../deploy/local/kafka/native-broker';
import { freeTestPort } from '../../../deploy/local/machine/free-port';
import { databasePrograms } from '../../../deploy/local/postgres/database-programs';
import { startNativeDatabase, stopDatabase } from '../../../deploy/local/postgres/native-database';
import { stopProcess } from '../../../deploy/local/process/background-process';
import type { ProcessIdentity } from '../../../deploy/local/process/process-identity';
import { noteProcess } from './run-folder';
import type { StackDriver, StackPart } from './stack';

const TRIES = 5;

/** Another process may take a port between our look and the start; then the start fails, and the next port is tried. */
const onFreePort = async <T>(start: (port: number) => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await start(await freeTestPort());
    } catch (error) {
      if (tries === TRIES || !/address already in use|bind/i.test(String(error))) throw error;
    }
  }
};

const brokerPlace = async (folder: string, port: number, controllerPort: number) => ({
  folder: join(folder, 'kafka'),
  logFile: join(folder, 'kafka.log'),
  jars: await brokerJars(),
  port,
  controllerPort,
});

const databasePlace = async (folder: string, port: number, password: string) => ({
  folder: join(folder, 'postgres'),
  logFile: join(folder, 'postgres.log'),
  programs: await databasePrograms(),
  port,
  password,
  durability: 'lost-on-power-cut' as const,
});

const runBroker = async (run: string, folder: string, port: number, controllerPort: number) => {
  const place = await brokerPlace(folder, port, controllerPort);
  const broker = await startNativeBroker(place, (process) => noteProcess(run, process));
  return { port, controllerPort, runsAs: { kind: 'process', process: broker.identity } } as const;
};

const runDatabase = async (run: string, folder: string, port: number, password: string) => {
  const place = await databasePlace(folder, port, password);
  const database = await startNativeDatabase(place, (process) => noteProcess(run, process));
  return { port, password, runsAs: { kind: 'process', process: database.identity } } as const;
};

const processOf = (part: StackPart): ProcessIdentity => {
  if (part.runsAs.kind !== 'process') throw new Error('this part runs in a container');
  return part.runsAs.process;
};

export const nativeStack: StackDriver = {
  async start(folder, run) {
    mkdirSync(join(folder, 'kafka'), { recursive: true });
    chmodSync(folder, 0o755);
    const password = randomBytes(12).toString('hex');
    const [kafka, postgres] = await Promise.all([
      onFreePort(async (port) => runBroker(run, folder, port, await freeTestPort())),
      onFreePort((port) => runDatabase(run, folder, port, password)),
    ]);
    return { folder, brokers: [`127.0.0.1:${kafka.port}`], kafka, postgres };
  },
  stopBroker: (facts, how) =>
    how === 'kill' ? stopProcess(processOf(facts.kafka), 'SIGKILL', 5_000) : stopBroker(processOf(facts.kafka)),
  startBroker: async (facts, run) => ({
    ...facts,
    kafka: await runBroker(run, facts.folder, facts.kafka.port, facts.kafka.controllerPort),
  }),
  stopDatabase: (facts, how) => stopDatabase(processOf(facts.postgres), how === 'immediate' ? 'immediate' : 'fast'),
  startDatabase: async (facts, run) => ({
    ...facts,
    postgres: await runDatabase(run, facts.folder, facts.postgres.port, facts.postgres.password),
  }),
  processId: (part) => processOf(part).pid,
  async remove(facts) {
    await Promise.all([
      stopProcess(processOf(facts.kafka), 'SIGKILL', 5_000),
      stopDatabase(processOf(facts.postgres), 'immediate'),
    ]);
    rmSync(facts.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  },
};
