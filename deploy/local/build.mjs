// Compiles what changed; for tests that run built services without `npm test` around them.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfChanged } from './bootstrap/build.mjs';
import { sayWhyNot } from './bootstrap/progress.mjs';

try {
  await buildIfChanged(resolve(dirname(fileURLToPath(import.meta.url)), '../..'));
} catch (error) {
  sayWhyNot(error);
  process.exitCode = 1;
}
