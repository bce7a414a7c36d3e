import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { descendantsOf } from '../process-cpu';

const HERE = availableParallelism();
/** The core that the measured process has for itself, where there are two or more. */
const MEASURED = String(HERE - 1);
const OTHERS = HERE > 2 ? `0-${HERE - 2}` : '0';

/**
 * Gives what is measured a core of its own and leaves the rest to everything else: else its cost is that of the caches it
 * shares. False where a process cannot be bound to a core (`taskset` of util-linux), or there is only one.
 */
export const apart = (measured: number, others: readonly number[]): boolean => {
  if (HERE < 2) return false;
  for (const pid of others.flatMap((each) => [each, ...descendantsOf(each)])) if (pid !== measured) bind(pid, OTHERS);
  return bind(measured, MEASURED);
};

/** Every core for everybody again. */
export const together = (pids: readonly number[]): void => {
  if (HERE < 2) return;
  for (const pid of pids.flatMap((each) => [each, ...descendantsOf(each)])) bind(pid, `0-${HERE - 1}`);
};

const bind = (pid: number, cores: string): boolean => {
  try {
    execFileSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
