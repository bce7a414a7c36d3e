import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../deploy/local/machine/project-root';
import { reachableByOthers, runningAsRoot } from '../../../deploy/local/machine/unprivileged-user';
import { identityOf, isRunning, type ProcessIdentity } from '../../../deploy/local/process/process-identity';
import { waitUntil } from '../../../deploy/local/process/wait';

/**
 * The process whose life the stack shares: `npm test` when it runs us, else jest itself. A worker of jest is a child of it and
 * may be replaced at any time, so it is never the owner.
 */
const owner = (): ProcessIdentity => {
  const named = Number(process.env['MILLRACE_TEST_OWNER_PID']);
  const isJestWorker = process.argv[1]?.includes('jest-worker') ?? false;
  const pid = Number.isInteger(named) && named > 0 ? named : isJestWorker ? process.ppid : process.pid;
  const identity = identityOf(pid);
  if (identity === null) throw new Error(`the test run (process ${pid}) has ended`);
  return identity;
};

/** A folder that everything of one test run shares; removed with all its processes when the run ends, however it ends. */
export const runFolder = (): string => {
  const { pid, began } = owner();
  const base = runningAsRoot() && !reachableByOthers(join(tmpdir(), 'x')) ? '/var/tmp' : tmpdir();
  const folder = join(base, `millrace-test-${pid}-${began.replace(/\W+/g, '')}`);
  try {
    mkdirSync(folder, { mode: 0o755 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return folder;
    throw error;
  }
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'processes'));
  const watchdog = join(projectRoot(), 'libs/test-environment/src/watchdog.mjs');
  spawn(process.execPath, [watchdog, folder, String(pid), began], { detached: true, stdio: 'ignore' }).unref();
  return folder;
};

/** The watchdog ends every process that was noted here when the run is over. */
export const noteProcess = (run: string, process: ProcessIdentity): void => {
  mkdirSync(join(run, 'processes'), { recursive: true });
  writeFileSync(join(run, 'processes', String(process.pid)), process.began);
};

/** Runs `work` in one process of the run at a time. A holder that died without giving the lock back does not block it. */
export const withLock = async <T>(run: string, name: string, work: () => Promise<T>): Promise<T> => {
  const file = join(run, `${name}.lock`);
  const took = await waitUntil(() => takeLock(file), 120_000, 50);
  if (took === null) throw new Error(`${file} was held for two minutes`);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
};

const takeLock = (file: string): boolean => {
  try {
    writeFileSync(file, JSON.stringify(identityOf(process.pid)), { flag: 'wx' });
    return true;
  } catch {
    try {
      const holder: ProcessIdentity = JSON.parse(readFileSync(file, 'utf8'));
      if (!isRunning(holder)) rmSync(file, { force: true });
    } catch {
      // It was given back or is being written at this moment; the next turn sees which.
    }
    return false;
  }
};
