import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LocalStackError } from '../machine/local-stack-error';
import { projectRoot } from '../machine/project-root';
import {
  type BackgroundProcess,
  lastLines,
  sizeOf,
  startInBackground,
  stopProcess,
  waitForLine,
} from '../process/background-process';
import type { ProcessIdentity } from '../process/process-identity';
import { asPropertiesFile, brokerSettings } from './broker-properties';
import { clusterId } from './cluster-id';

export interface BrokerFolder {
  /** Holds `server.properties` and `data/`. */
  readonly folder: string;
  readonly logFile: string;
  readonly jars: string;
  readonly port: number;
  readonly controllerPort: number;
}

/** Small and soon up: a broker that a person tries Millrace with, or that a test ends after a minute. */
const SMALL = ['-Xms96m', '-Xmx320m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Kafka's own variables count as they do for its scripts. */
const virtualMachineArguments = (): readonly string[] => {
  const asked = ['KAFKA_HEAP_OPTS', 'KAFKA_JVM_PERFORMANCE_OPTS'].flatMap(
    (name) => process.env[name]?.split(/\s+/).filter((word) => word !== '') ?? [],
  );
  return asked.length > 0 ? asked : SMALL;
};

const START_TIMEOUT_MS = 60_000;

const javaCommand = (): string => {
  const home = process.env['JAVA_HOME'];
  return home && existsSync(join(home, 'bin/java')) ? join(home, 'bin/java') : 'java';
};

const javaArguments = (place: BrokerFolder): string[] => [
  ...virtualMachineArguments(),
  `-Dlog4j2.configurationFile=${join(projectRoot(), 'deploy/local/kafka/log4j2.xml')}`,
  '-cp',
  join(place.jars, '*'),
];

/** Writes the settings and, for a new folder, formats the log directory. Quick when it was done before. */
const prepareBroker = async (place: BrokerFolder): Promise<string> => {
  const dataFolder = join(place.folder, 'data');
  const properties = join(place.folder, 'server.properties');
  mkdirSync(dataFolder, { recursive: true });
  writeFileSync(properties, asPropertiesFile(brokerSettings({ host: '127.0.0.1', ...place, dataFolder })));
  if (!existsSync(join(dataFolder, 'meta.properties'))) {
    const id = clusterId(randomBytes(16));
    const format = ['kafka.tools.StorageTool', 'format', '-t', id, '-c', properties, '--ignore-formatted'];
    try {
      await promisify(execFile)(javaCommand(), [...javaArguments(place), ...format]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw noJava();
      throw new LocalStackError(
        `Kafka could not format ${dataFolder}: ${(error as { stderr?: string }).stderr?.trim()}`,
      );
    }
  }
  return properties;
};

const noJava = () =>
  new LocalStackError('Java is not installed (Kafka needs version 17 or newer), and Docker is not running.', [
    'Install Java 17 (Debian: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17), or start Docker.',
  ]);

/**
 * Starts the broker and resolves when it takes requests; `onSpawn` hears of the process before that. Rejects with the end of
 * its log when it does not get there.
 */
export const startNativeBroker = async (
  place: BrokerFolder,
  onSpawn: (process: ProcessIdentity) => void = () => {},
): Promise<BackgroundProcess> => {
  const properties = await prepareBroker(place);
  const from = sizeOf(place.logFile);
  const broker = await startInBackground({
    command: javaCommand(),
    args: [...javaArguments(place), 'kafka.Kafka', properties],
    cwd: place.folder,
    environment: process.env,
    logFile: place.logFile,
  });
  onSpawn(broker.identity);
  const result = await waitForLine(place.logFile, from, /Kafka Server started/, broker.identity, START_TIMEOUT_MS);
  if (result === 'seen') return broker;
  await stopBroker(broker.identity);
  throw new LocalStackError(
    `Kafka ${result === 'ended' ? 'ended while starting' : 'did not start within a minute'}:\n${lastLines(place.logFile, 8)}`,
    [`The whole log: ${place.logFile}`],
  );
};

/** A clean stop: the broker writes its recovery point, so that the next start need not read the logs again. */
export const stopBroker = (broker: ProcessIdentity): Promise<void> => stopProcess(broker, 'SIGTERM', 20_000);
