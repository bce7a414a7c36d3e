// npm run soak: prepares as npm test does, then runs the built bench/soak/main.ts with the arguments given: names of parts, or --list.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './bootstrap/build.mjs';
import { checkKafka } from './bootstrap/check-machine.mjs';
import { handOver } from './bootstrap/hand-over.mjs';
import { install } from './bootstrap/install.mjs';
import { say, sayWhyNot } from './bootstrap/progress.mjs';
import { Stop } from './bootstrap/stop.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

try {
  say();
  await checkKafka(root, process.env);
  await install(root);
  await build(root);
  const soak = join(root, 'dist/bench/soak/main.js');
  if (!existsSync(soak)) throw new Stop('There is no bench/soak/main.ts in this checkout.');
  process.exitCode = await handOver(root, soak, process.argv.slice(2), { ...process.env, MILLRACE_TEST_BUILT: '1' });
} catch (error) {
  sayWhyNot(error);
  process.exitCode = 1;
}
