import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Io } from './io';
import { CommandFailed, UsageError } from './usage-error';

/** Where the site is, and the key for it. */
export interface Settings {
  readonly url: string;
  readonly apiKey: string;
}

export const settingsFile = ({ env, platform, home }: Pick<Io, 'env' | 'platform' | 'home'>): string => {
  const folder =
    platform === 'win32'
      ? (env['APPDATA'] ?? join(home, 'AppData', 'Roaming'))
      : env['XDG_CONFIG_HOME'] || join(home, '.config');
  return join(folder, 'millrace', 'config.json');
};

const stored = async (file: string): Promise<Partial<Settings>> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new CommandFailed(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    const { url, apiKey } = JSON.parse(text) as { url?: unknown; apiKey?: unknown };
    return {
      ...(typeof url === 'string' ? { url } : {}),
      ...(typeof apiKey === 'string' ? { apiKey } : {}),
    };
  } catch {
    throw new CommandFailed(`${file} is not JSON; "millrace login" writes it anew.`);
  }
};

/** What the environment says, else what `login` stored. */
export const readSettings = async (io: Pick<Io, 'env' | 'platform' | 'home'>): Promise<Settings> => {
  const { MILLRACE_URL: url, MILLRACE_API_KEY: apiKey } = io.env;
  const kept = url && apiKey ? {} : await stored(settingsFile(io));
  // A key is for one site: one that was stored for another address is not sent to this one.
  const keptKey = url && kept.url !== undefined && url.replace(/\/+$/, '') !== kept.url ? undefined : kept.apiKey;
  const settings = { url: url || kept.url, apiKey: apiKey || keptKey };
  if (!settings.url)
    throw new UsageError('Nobody is logged in: run "millrace login", or set MILLRACE_URL and MILLRACE_API_KEY.');
  if (!settings.apiKey)
    throw new UsageError(
      `There is no key for ${settings.url}: run "millrace login --url ${settings.url}", or set MILLRACE_API_KEY.`,
    );
  return { url: settings.url, apiKey: settings.apiKey };
};

/** Readable by its user alone, from the first moment on. */
export const writeSettings = async (file: string, settings: Settings, suffix: string): Promise<void> => {
  const folder = join(file, '..');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written = `${file}.${suffix}`;
  await writeFile(written, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(written, file);
};

export const removeSettings = (file: string): Promise<void> => rm(file, { force: true });
