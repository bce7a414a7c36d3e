// Is all here that we need? Asked before anything is installed or started, so that a "no" costs seconds and leaves nothing.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Stop } from './stop.mjs';

const GIB = 1024 ** 3;
const OLDEST_JAVA = 17;

/** @returns {Promise<{ code: number | string, output: string }>} */
const run = (command, args, timeoutMs = 10_000) =>
  new Promise((done) => {
    execFile(command, args, { timeout: timeoutMs }, (error, stdout, stderr) =>
      done({ code: error ? (error.code ?? 'failed') : 0, output: `${stdout}${stderr}` }),
    );
  });

/** The major version of Java, or null when there is none. */
export const javaVersion = (output) => {
  const found = /version "(?:1\.)?(\d+)/.exec(output);
  return found ? Number(found[1]) : null;
};

/**
 * How Kafka can run here. `docker` is asked only when Java and Maven do not do.
 * @param {{ java: number | null, maven: boolean, jarsCached: boolean, docker: boolean }} facts
 * @returns {'native' | 'docker'}
 */
export const chooseKafka = ({ java, maven, jarsCached, docker }) => {
  if (java !== null && java >= OLDEST_JAVA && (maven || jarsCached)) return 'native';
  if (docker) return 'docker';
  const ways = [
    `Java ${OLDEST_JAVA} and Maven    Debian, Ubuntu: apt install openjdk-17-jre-headless maven`,
    '                     macOS: brew install openjdk@17 maven',
    'or Docker            started, and allowed to this user',
    'or a Kafka of yours  MILLRACE_KAFKA_BROKERS=host:9092',
  ];
  if (java === null)
    throw new Stop('Kafka needs Java 17 with Maven, or Docker. There is no Java here and no Docker.', ways);
  if (java < OLDEST_JAVA) {
    throw new Stop(
      `Java here is version ${java}; Kafka needs ${OLDEST_JAVA} or newer. There is no Docker either.`,
      ways,
    );
  }
  throw new Stop('Java is here, but not Maven (mvn), which brings Kafka. There is no Docker either.', ways);
};

const cacheFolder = (environment) =>
  environment.MILLRACE_CACHE_DIR || join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace');

const jarsAreCached = (root, environment) => {
  const list = readFileSync(join(root, 'deploy/local/kafka/jars.sha256'));
  const name = `kafka-jars-${createHash('sha256').update(list).digest('hex').slice(0, 12)}`;
  return existsSync(join(cacheFolder(environment), name));
};

/** @returns {Promise<'native' | 'docker' | 'external'>} */
export const checkKafka = async (root, environment) => {
  if (environment.MILLRACE_KAFKA_BROKERS) return 'external';
  const ofHome = environment.JAVA_HOME ? join(environment.JAVA_HOME, 'bin/java') : '';
  const [java, maven] = await Promise.all([
    run(ofHome && existsSync(ofHome) ? ofHome : 'java', ['-version']),
    run('mvn', ['-v'], 20_000),
  ]);
  const facts = {
    java: java.code === 0 ? javaVersion(java.output) : null,
    maven: maven.code === 0,
    jarsCached: jarsAreCached(root, environment),
  };
  const native = facts.java !== null && facts.java >= OLDEST_JAVA && (facts.maven || facts.jarsCached);
  const docker = !native && (await run('docker', ['info'], 5_000)).code === 0;
  return chooseKafka({ ...facts, docker });
};

const nearestExisting = (path) => (existsSync(path) ? path : nearestExisting(dirname(path)));

/**
 * @param {ReadonlyArray<{ what: string, folder: string, bytes: number }>} needs
 * @param {(folder: string) => number} freeBytes
 */
export const checkDisk = (
  needs,
  freeBytes = (folder) => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  },
) => {
  for (const { what, folder, bytes } of needs) {
    const free = freeBytes(nearestExisting(resolve(folder)));
    if (free >= bytes) continue;
    const gib = (count) => `${(count / GIB).toFixed(1)} GiB`;
    throw new Stop(
      `There is too little disk space: ${what} need ${gib(bytes)}, ${resolve(folder)} has ${gib(free)} free.`,
      ['Make room, or choose another place: MILLRACE_DATA_DIR for data, MILLRACE_CACHE_DIR for what is downloaded.'],
    );
  }
};

/** @param {{ root: string, installed: boolean, dataFolder?: string, environment: NodeJS.ProcessEnv }} place */
export const diskNeeds = ({ root, installed, dataFolder, environment }) => [
  ...(installed ? [] : [{ what: 'the dependencies', folder: root, bytes: 1.5 * GIB }]),
  ...(dataFolder ? [{ what: 'Kafka and PostgreSQL', folder: dataFolder, bytes: 0.5 * GIB }] : []),
  { what: 'the programs of Kafka and PostgreSQL', folder: cacheFolder(environment), bytes: 0.25 * GIB },
];

const listens = (port, host) =>
  new Promise((done) => {
    const server = createServer();
    server.once('error', (error) => done(error.code));
    server.listen({ port, host, exclusive: true }, () => server.close(() => done(null)));
  });

/** @returns {number} */
export const readPort = (environment) => {
  const text = environment.MILLRACE_PORT || '8080';
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new Stop(`MILLRACE_PORT is "${text}", which is not a port (1 to 65535).`);
};

export const checkPort = async (port) => {
  const codes = await Promise.all([listens(port, '127.0.0.1'), listens(port, '::1')]);
  if (codes.includes('EACCES')) {
    throw new Stop(`Port ${port} may not be used by this user.`, [
      'Choose one above 1023: MILLRACE_PORT=8090 npm start',
    ]);
  }
  if (codes.includes('EADDRINUSE')) {
    throw new Stop(`Port ${port} is in use by another program.`, [
      `Stop that program, or choose another port: MILLRACE_PORT=${port + 10} npm start`,
    ]);
  }
};

export const DATA_FORMAT = 'millrace-data 1';

/** The data folder is ours, of this version, and writable; it need not exist yet. */
export const checkDataFolder = (folder) => {
  const versionFile = join(folder, 'version');
  if (existsSync(versionFile)) {
    const found = readFileSync(versionFile, 'utf8').trim();
    if (found !== DATA_FORMAT) {
      throw new Stop(
        `The data in ${folder} is of another version ("${found.slice(0, 60)}"; this is "${DATA_FORMAT}").`,
        [
          'Start with another folder (MILLRACE_DATA_DIR=.millrace-new npm start), or move this one away. Nothing was changed.',
        ],
      );
    }
  } else if (existsSync(join(folder, 'kafka')) || existsSync(join(folder, 'postgres'))) {
    throw new Stop(`${folder} has data but no version file; it was not made by this Millrace.`, [
      'Start with another folder (MILLRACE_DATA_DIR=.millrace-new npm start), or move this one away. Nothing was changed.',
    ]);
  }
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Stop(`The data folder ${folder} cannot be written (${error.code}).`, [
      'Choose another one: MILLRACE_DATA_DIR=/some/folder npm start',
    ]);
  }
};

const beganOf = (pid) => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : fields[19];
  } catch {
    return null;
  }
};

/** A quick look for a kind message; the launcher itself takes the lock. */
export const checkNotRunning = (folder) => {
  let holder;
  try {
    holder = JSON.parse(readFileSync(join(folder, 'launcher.json'), 'utf8'));
  } catch {
    return;
  }
  if (process.platform === 'linux' && beganOf(holder.pid) === holder.began) throw alreadyRunning(folder, holder);
};

/** A port that the running one does not have. */
const portBeside = (url) => Number(/:(\d+)/.exec(url ?? '')?.[1] ?? 8080) + 10;

export const alreadyRunning = (folder, holder) =>
  new Stop(`Millrace is already running on ${folder}: ${holder.url} (process ${holder.pid}).`, [
    `Use that one, or start another beside it: MILLRACE_DATA_DIR=.millrace-2 MILLRACE_PORT=${portBeside(holder.url)} npm start`,
  ]);
