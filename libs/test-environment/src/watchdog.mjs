// Ends a test stack when the run that owns it is over, also when that was killed: nothing of it may stay on the machine.
// Plain JavaScript without imports of ours, so that it starts in a moment and from any checkout state.
// node watchdog.mjs <run folder> <pid of the owner> <when the owner began>
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const [folder, ownerPid, ownerBegan] = process.argv.slice(2);

/** The same reading as in deploy/local/process/process-identity.ts. */
const beganOf = (pid) => {
  if (process.platform !== 'linux') {
    try {
      const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
      return execFileSync('ps', ['-o', 'lstart=', '-p', pid], options).trim() || null;
    } catch {
      return null;
    }
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19];
  } catch {
    return null;
  }
};

const endAll = () => {
  const processes = join(folder, 'processes');
  for (const pid of existsSync(processes) ? readdirSync(processes) : []) {
    if (beganOf(pid) !== readFileSync(join(processes, pid), 'utf8')) continue;
    try {
      process.kill(-Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
  const containers = join(folder, 'containers');
  const ids = existsSync(containers) ? readdirSync(containers) : [];
  if (ids.length > 0) {
    try {
      execFileSync('docker', ['rm', '-f', '-v', ...ids], { stdio: 'ignore', timeout: 60_000 });
    } catch {
      // Docker went away, and the containers with it.
    }
  }
};

const look = () => {
  if (existsSync(folder) && beganOf(ownerPid) === ownerBegan) return;
  clearInterval(timer);
  const clean = () => {
    endAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  clean();
  // A worker that was just starting something may still have gone on for a moment.
  setTimeout(clean, 3_000);
};
const timer = setInterval(look, 250);
