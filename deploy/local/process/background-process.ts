import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import type { UserIds } from '../machine/unprivileged-user';
import { identityOf, isRunning, type ProcessIdentity, signal } from './process-identity';
import { waitUntil } from './wait';

export interface BackgroundCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Gets its output, appended. A file and not a pipe, so that the process outlives whoever started it. */
  readonly logFile: string;
  readonly user?: UserIds | null;
}

export interface BackgroundProcess {
  readonly identity: ProcessIdentity;
  /** How it ended, when it did: `exit 1`, `SIGKILL`. */
  readonly ended: Promise<string>;
}

/**
 * Starts a process in a group of its own: a Ctrl-C at the terminal reaches only the launcher, which then stops everything in
 * order, and the group can be signalled as a whole. Rejects when the program cannot be started.
 */
export const startInBackground = (what: BackgroundCommand): Promise<BackgroundProcess> =>
  new Promise((resolve, reject) => {
    const log = openSync(what.logFile, 'a');
    const child = spawn(what.command, what.args, {
      cwd: what.cwd,
      env: what.environment,
      stdio: ['ignore', log, log],
      detached: true,
      ...(what.user ? { uid: what.user.uid, gid: what.user.gid } : {}),
    });
    closeSync(log);
    child.unref();
    const ended = new Promise<string>((end) => {
      child.once('exit', (code, by) => end(by ?? `exit ${code}`));
    });
    child.once('error', reject);
    child.once('spawn', () => {
      const pid = child.pid as number;
      resolve({ identity: identityOf(pid) ?? { pid, began: 'ended' }, ended });
    });
  });

/** Asks a process to end and, when it does not within `graceMs`, ends it. Works for processes of other parents too. */
export const stopProcess = async (identity: ProcessIdentity, how: NodeJS.Signals, graceMs: number): Promise<void> => {
  signal(identity, how);
  if ((await waitUntil(() => !isRunning(identity), graceMs, 10)) === null) {
    signal(identity, 'SIGKILL', 'group');
    await waitUntil(() => !isRunning(identity), 5_000, 10);
  }
};

/** Bytes that a log has now, so that a reader can begin after what earlier runs wrote. */
export const sizeOf = (file: string): number => {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
};

/** Waits for a line in a log. `ended` when the process went away first, `late` when the time did. */
export const waitForLine = async (
  file: string,
  from: number,
  line: RegExp,
  process: ProcessIdentity,
  timeoutMs: number,
): Promise<'seen' | 'ended' | 'late'> => {
  const written = () => readFileSync(file).subarray(from).toString('utf8');
  const result = await waitUntil(
    () => (line.test(written()) ? 'seen' : isRunning(process) ? null : 'ended'),
    timeoutMs,
    20,
  );
  return result ?? 'late';
};

export const lastLines = (file: string, count: number): string => {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
};
