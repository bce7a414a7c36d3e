import { execFile } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, intoCache } from '../../../deploy/local/machine/cache-folder';

export interface MosquittoProgram {
  readonly path: string;
  /** What it needs beside the environment of the test. */
  readonly environment: { readonly [name: string]: string };
}

const run = promisify(execFile);

/** Debian packages of the libraries that a slim image lacks. */
const PACKAGES: { readonly [library: string]: string } = {
  'libwrap.so.0': 'libwrap0',
  'libdlt.so.2': 'libdlt2',
  'libcjson.so.1': 'libcjson1',
  'libmosquitto.so.1': 'libmosquitto1',
  'libsystemd.so.0': 'libsystemd0',
  'libcap.so.2': 'libcap2',
  'libwebsockets.so.17': 'libwebsockets17',
  'libwebsockets.so.19': 'libwebsockets19t64',
};

const INSTALL = 'Install it with `apt-get install mosquitto`, then stop its service: the tests start their own.';

/**
 * Mosquitto, the real broker of the MQTT tests: from PATH, or else Debian's package unpacked into the project's cache,
 * which needs no root.
 */
export const mosquittoProgram = async (environment: NodeJS.ProcessEnv = process.env): Promise<MosquittoProgram> => {
  const installed = [...(environment['PATH'] ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, 'mosquitto'))
    .find(existsSync);
  if (installed !== undefined) return { path: installed, environment: {} };
  const folder = await intoCache(cacheFolder(environment), 'mosquitto-debian', unpackPackages);
  const path = join(folder, 'usr/sbin/mosquitto');
  if (existsSync(path)) return { path, environment: { LD_LIBRARY_PATH: libraryFolders(folder) } };
  // Somebody tidied the cache by hand: bring it anew.
  rmSync(folder, { recursive: true, force: true });
  return mosquittoProgram(environment);
};

const unpackPackages = async (draft: string): Promise<void> => {
  await unpack(draft, ['mosquitto']);
  const missing = await missingLibraries(draft);
  const unknown = missing.filter((library) => PACKAGES[library] === undefined);
  if (unknown.length > 0)
    throw new Error(`Mosquitto needs ${unknown.join(', ')}, and the package is not known here. ${INSTALL}`);
  if (missing.length > 0) await unpack(draft, [...new Set(missing.map((library) => PACKAGES[library]!))]);
  const still = await missingLibraries(draft);
  if (still.length > 0) throw new Error(`Mosquitto was unpacked, but lacks ${still.join(', ')}. ${INSTALL}`);
};

const unpack = async (folder: string, packages: readonly string[]): Promise<void> => {
  try {
    await run('apt-get', ['download', ...packages], { cwd: folder });
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg', ['-x', file, '.'], { cwd: folder });
      rmSync(join(folder, file));
    }
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
    throw new Error(
      `The MQTT tests need the broker mosquitto. It is not on PATH, and Debian's package could not be brought ` +
        `(apt-get download ${packages.join(' ')}: ${said.slice(0, 400)}). ${INSTALL} Where the list of packages is ` +
        'missing, run `apt-get update` first.',
    );
  }
};

const missingLibraries = async (folder: string): Promise<string[]> => {
  const { stdout } = await run('ldd', [join(folder, 'usr/sbin/mosquitto')], {
    env: { ...process.env, LD_LIBRARY_PATH: libraryFolders(folder) },
  });
  return [...stdout.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]!);
};

/** The folders of shared libraries below, as packages lay them out. */
const libraryFolders = (folder: string): string =>
  ['lib', 'usr/lib']
    .map((name) => join(folder, name))
    .filter(existsSync)
    .flatMap((top) => [top, ...readdirSync(top).map((name) => join(top, name))])
    .join(delimiter);
