import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that can be told from a later one with the same number: the pid alone is used again by the system. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in the system's own words. */
  readonly began: string;
}

const fromProc = (pid: number): string | null | undefined => {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    // ESRCH: it ended between opening and reading.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux' ? undefined : null;
  }
  // The name in brackets may itself hold spaces and brackets; the fields after the last one are plain.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended and waits only for its parent to read its result.
  return fields[0] === 'Z' || fields[0] === 'X' ? null : `${fields[19]}`;
};

const fromPs = (pid: number): string | null => {
  try {
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return line === '' || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
  } catch {
    return null;
  }
};

/** The identity of the process that now has this number, or null when none runs under it. */
export const identityOf = (pid: number): ProcessIdentity | null => {
  const began = fromProc(pid) ?? (process.platform === 'linux' ? null : fromPs(pid));
  return began === null ? null : { pid, began };
};

export const isRunning = (identity: ProcessIdentity): boolean => identityOf(identity.pid)?.began === identity.began;

/** Sends a signal to this very process, or to its whole group; false when it has ended. */
export const signal = (
  identity: ProcessIdentity,
  name: NodeJS.Signals,
  whom: 'process' | 'group' = 'process',
): boolean => {
  if (!isRunning(identity)) return false;
  try {
    process.kill(whom === 'group' ? -identity.pid : identity.pid, name);
    return true;
  } catch {
    return false;
  }
};
