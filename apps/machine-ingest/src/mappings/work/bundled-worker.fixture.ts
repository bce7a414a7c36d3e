import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The program of the thread, compiled from its sources as they are now; a file in a new folder. */
export const bundledWorker = async (): Promise<string> => {
  const outfile = join(await mkdtemp(join(tmpdir(), 'millrace-worker-')), 'mapping-work.worker.cjs');
  await build({
    entryPoints: [join(__dirname, 'mapping-work.worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    logLevel: 'silent',
  });
  return outfile;
};
