import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFolder } from '../data-folder/data-folder';
import { reachableByOthers, runningAsRoot } from '../machine/unprivileged-user';
import type { Part } from '../supervision/part';
import { databasePrograms } from './database-programs';
import { databaseUrl, startNativeDatabase, stopDatabase } from './native-database';

export interface DatabasePart extends Part {
  url(database: string): string;
}

/**
 * Where PostgreSQL's files lie: in the data folder, save under root with a data folder that nobody else can reach (root's
 * home); then the data folder holds a link to a place that PostgreSQL's user can enter.
 */
const placeOf = (folder: DataFolder): string => {
  const usual = folder.file('postgres');
  if (!runningAsRoot() || reachableByOthers(usual)) return usual;
  if (!existsSync(usual)) {
    const elsewhere = join('/var/lib/millrace', randomBytes(6).toString('hex'));
    mkdirSync(elsewhere, { recursive: true, mode: 0o711 });
    rmSync(usual, { force: true });
    symlinkSync(elsewhere, usual);
  }
  return join(realpathSync(usual), 'data');
};

export const databasePart = (folder: DataFolder, port: number): DatabasePart => {
  const password = folder.secret('database-password', () => randomBytes(18).toString('hex'));
  return {
    name: 'postgres',
    url: (database) => databaseUrl({ port, password }, database),
    async start(onSpawn) {
      return startNativeDatabase(
        {
          folder: placeOf(folder),
          logFile: folder.logFile('postgres'),
          programs: await databasePrograms(),
          port,
          password,
          durability: 'safe',
        },
        onSpawn,
      );
    },
    stop: (process) => stopDatabase(process, 'fast'),
  };
};
