// npm run reconcile, history:rebuild and history:compare: runs a program of dist/, and builds it where nothing is built yet.
// Standard output and the exit codes 0 and 1 are the program's alone: what keeps it from running is 2, on standard error.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfChanged } from './bootstrap/build.mjs';
import { handOver } from './bootstrap/hand-over.mjs';
import { node24 } from './bootstrap/install.mjs';
import { Stop } from './bootstrap/stop.mjs';

const PROGRAMS = {
  reconcile: 'apps/reconcile/src/main.js',
  'history:rebuild': 'apps/audit-projector/src/rebuild.js',
  'history:compare': 'apps/audit-projector/src/compare.js',
};
const NOT_RUN = 2;

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const [name, ...args] = process.argv.slice(2);

/**
 * What is built stays as it is, also when the sources have changed since: a stack that runs would load the new code at its
 * next restart. A build that was broken off has left no stamp.
 */
const ensureBuilt = async (file) => {
  const canBuild = existsSync(node24(root)) && existsSync(join(root, 'node_modules/@nestjs/cli/bin/nest.js'));
  if (existsSync(file) && (existsSync(join(root, 'dist/.sources')) || !canBuild)) return;
  if (!canBuild) throw new Stop('Millrace is not installed and built here yet.', ['Run npm start once, or npm ci.']);
  process.stderr.write('Nothing is built here yet; compiling, some seconds.\n');
  await buildIfChanged(root);
  if (!existsSync(file)) throw new Stop(`The build did not make ${file}.`);
};

try {
  const program = PROGRAMS[name];
  if (program === undefined)
    throw new Stop(`There is no program "${name}"; there are ${Object.keys(PROGRAMS).join(', ')}.`);
  const file = join(root, 'dist', program);
  await ensureBuilt(file);
  const node = existsSync(node24(root)) ? node24(root) : process.execPath;
  process.exitCode = await handOver(root, file, args, process.env, { node, killed: NOT_RUN });
} catch (error) {
  const said = error instanceof Stop ? [error.message, ...error.hints].join(' ') : (error?.stack ?? error);
  process.stderr.write(`${name} was not run. ${said}\n`);
  process.exitCode = NOT_RUN;
}
