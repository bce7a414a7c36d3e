import { spawn } from 'node:child_process';
import { node24 } from './install.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Goes on as `file` under Node 24 and ends as that ends. A Ctrl-C reaches the other process directly as well; it takes both
 * for one.
 *
 * @param {{ node?: string, killed?: number }} how another Node; the exit code when a signal has ended the program
 */
export const handOver = (root, file, args, environment, { node = node24(root), killed = 1 } = {}) =>
  new Promise((done, fail) => {
    const child = spawn(node, [file, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...environment, MILLRACE_LAUNCHED_BY: String(process.pid) },
    });
    for (const name of SIGNALS) process.on(name, () => child.kill(name));
    child.once('error', fail);
    child.once('exit', (code, by) => done(code ?? (by === 'SIGINT' ? 130 : killed)));
  });
