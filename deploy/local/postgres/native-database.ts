import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LocalStackError } from '../machine/local-stack-error';
import { giveTo, type UserIds, unprivilegedUser } from '../machine/unprivileged-user';
import {
  type BackgroundProcess,
  lastLines,
  sizeOf,
  startInBackground,
  stopProcess,
  waitForLine,
} from '../process/background-process';
import { identityOf, type ProcessIdentity } from '../process/process-identity';
import { waitUntil } from '../process/wait';
import type { DatabasePrograms } from './database-programs';

export interface DatabaseFolder {
  /** PostgreSQL's data directory. It and all above it must be passable for an unprivileged user when we are root. */
  readonly folder: string;
  readonly logFile: string;
  readonly programs: DatabasePrograms;
  readonly port: number;
  readonly password: string;
  /** `lost-on-power-cut` switches fsync off, for tests. A commit still survives the death of every process. */
  readonly durability: 'safe' | 'lost-on-power-cut';
}

export const DATABASE_USER = 'millrace';
const START_TIMEOUT_MS = 30_000;

export const databaseUrl = (place: Pick<DatabaseFolder, 'port' | 'password'>, database: string): string =>
  `postgres://${DATABASE_USER}:${place.password}@127.0.0.1:${place.port}/${database}`;

/** Nothing of the caller's environment gets in: a PGDATA or a locale of the machine would change what we start. */
const environment = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };

const makeDataFolder = async (place: DatabaseFolder): Promise<UserIds | null> => {
  if (existsSync(join(place.folder, 'PG_VERSION'))) return unprivilegedUser(place.folder);
  // What a broken-off initdb left is of no use, and initdb takes only an empty folder.
  rmSync(place.folder, { recursive: true, force: true });
  mkdirSync(place.folder, { mode: 0o700 });
  const user = unprivilegedUser();
  giveTo(user, place.folder);
  const passwordFile = `${place.folder}.password`;
  writeFileSync(passwordFile, place.password, { mode: 0o600 });
  giveTo(user, passwordFile);
  try {
    await promisify(execFile)(
      place.programs.initdb,
      [
        ...['-D', place.folder, '-U', DATABASE_USER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale=C', '--no-sync'],
      ],
      { env: environment, cwd: '/', ...(user ?? {}) },
    );
  } catch (error) {
    rmSync(place.folder, { recursive: true, force: true });
    throw new LocalStackError(
      `PostgreSQL could not make its data folder: ${(error as { stderr?: string }).stderr?.trim()}`,
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
  return user;
};

/** After a kill -9 the file names a process that is gone, or by now somebody else's; PostgreSQL would refuse to start. */
const clearStalePidFile = async (folder: string): Promise<void> => {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const named = Number.isInteger(pid) && pid > 0 ? identityOf(pid) : null;
  if (named !== null && isPostgres(pid)) await waitUntil(() => identityOf(pid) === null, 5_000);
  if (named === null || identityOf(pid) === null || !isPostgres(pid)) rmSync(file, { force: true });
};

const isPostgres = (pid: number): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres');
  } catch {
    return process.platform !== 'linux';
  }
};

/** Starts PostgreSQL on 127.0.0.1 and resolves when it takes connections. `onSpawn` hears of the process before that. */
export const startNativeDatabase = async (
  place: DatabaseFolder,
  onSpawn: (process: ProcessIdentity) => void = () => {},
): Promise<BackgroundProcess> => {
  const user = await makeDataFolder(place);
  await clearStalePidFile(place.folder);
  // The children of a killed postmaster may need a moment to notice; until then a new one is refused.
  for (let tries = 1; ; tries++) {
    const from = sizeOf(place.logFile);
    const database = await startInBackground({
      command: place.programs.postgres,
      args: ['-D', place.folder, ...settings(place).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      cwd: '/',
      environment,
      logFile: place.logFile,
      user,
    });
    onSpawn(database.identity);
    const line = /database system is ready to accept connections/;
    const result = await waitForLine(place.logFile, from, line, database.identity, START_TIMEOUT_MS);
    if (result === 'seen') return database;
    await stopDatabase(database.identity, 'immediate');
    const log = lastLines(place.logFile, 6);
    if (tries < 20 && /pre-existing shared memory block/.test(log)) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      continue;
    }
    throw new LocalStackError(
      `PostgreSQL ${result === 'ended' ? 'ended while starting' : 'did not start within 30 s'}:\n${log}`,
      [`The whole log: ${place.logFile}`],
    );
  }
};

const settings = (place: DatabaseFolder): ReadonlyArray<readonly [string, string]> => [
  ['listen_addresses', '127.0.0.1'],
  ['port', String(place.port)],
  ['unix_socket_directories', ''],
  ['max_connections', '200'],
  ['shared_buffers', '64MB'],
  ['log_min_messages', 'warning'],
  ...(place.durability === 'lost-on-power-cut'
    ? ([
        ['fsync', 'off'],
        ['full_page_writes', 'off'],
      ] as const)
    : []),
];

/** `fast` breaks off open transactions and stops cleanly; `immediate` leaves the recovery to the next start. */
export const stopDatabase = (database: ProcessIdentity, how: 'fast' | 'immediate'): Promise<void> =>
  stopProcess(database, how === 'fast' ? 'SIGINT' : 'SIGQUIT', 15_000);
