import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stopProcess } from '../process/background-process';
import { isRunning, type ProcessIdentity } from '../process/process-identity';

/**
 * Ends the parts of a launcher that was killed without a chance to do so itself (kill -9, out of memory). Left alone, the
 * services would go on, and join the next broker that takes the port of theirs.
 *
 *   node watchdog.js <data folder> <pid of the launcher> <when it began>
 */
const [folder, pid, began] = process.argv.slice(2) as [string, string, string];
const launcher: ProcessIdentity = { pid: Number(pid), began };
const LOOK_MS = 500;
const notes = join(folder, 'processes');

const read = <T>(file: string): T | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return null;
  }
};

const leftovers = (): Map<string, ProcessIdentity> => {
  const found = new Map<string, ProcessIdentity>();
  for (const name of existsSync(notes) ? readdirSync(notes) : []) {
    const identity = read<ProcessIdentity>(join(notes, name));
    if (identity !== null && isRunning(identity)) found.set(name.replace('.json', ''), identity);
  }
  return found;
};

const endAll = async (): Promise<void> => {
  const left = leftovers();
  const holder = read<ProcessIdentity>(join(folder, 'launcher.json'));
  // A next launcher is here already; it ends what it finds by itself, and what runs now may be its own.
  if (holder !== null && holder.began !== launcher.began && isRunning(holder)) return;
  const stores: { readonly [part: string]: NodeJS.Signals } = { postgres: 'SIGINT', kafka: 'SIGTERM' };
  const services = [...left].filter(([part]) => !(part in stores));
  await Promise.all(services.map(([, identity]) => stopProcess(identity, 'SIGTERM', 10_000)));
  const rest = [...left].filter(([part]) => part in stores);
  await Promise.all(rest.map(([part, identity]) => stopProcess(identity, stores[part] ?? 'SIGTERM', 15_000)));
  if (holder?.began === launcher.began) rmSync(join(folder, 'launcher.json'), { force: true });
};

const timer = setInterval(() => {
  if (isRunning(launcher)) return;
  clearInterval(timer);
  void endAll();
}, LOOK_MS);
