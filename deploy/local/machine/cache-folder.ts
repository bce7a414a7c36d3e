import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { reachableByOthers, runningAsRoot } from './unprivileged-user';

/** What every checkout of this user shares: `MILLRACE_CACHE_DIR`, else the user's cache folder. */
export const cacheFolder = (environment: NodeJS.ProcessEnv = process.env): string =>
  environment['MILLRACE_CACHE_DIR'] || join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'millrace');

/** As {@link cacheFolder}, but a place that an unprivileged process can read too; they differ for root with a closed home. */
export const passableCacheFolder = (environment: NodeJS.ProcessEnv = process.env): string => {
  const usual = cacheFolder(environment);
  return !runningAsRoot() || reachableByOthers(join(usual, 'x')) ? usual : '/var/cache/millrace';
};

/**
 * Returns `<cache>/<name>`, filled once by `fill`. It is filled beside its place and then renamed, so that neither a crash
 * nor a second process doing the same at this moment leaves half a folder there.
 */
export const intoCache = async (
  cache: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> => {
  const place = join(cache, name);
  if (existsSync(place)) return place;
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  const draft = join(cache, `.${name}.${process.pid}.${randomBytes(4).toString('hex')}`);
  mkdirSync(draft, { mode: 0o755 });
  try {
    await fill(draft);
    renameSync(draft, place);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  }
  return place;
};
