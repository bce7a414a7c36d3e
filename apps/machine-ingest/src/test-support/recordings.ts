import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { recordingsFolder } from './recordings.config';

/**
 * The recordings that ingest is proven on are other people's and lie outside the repository, in `MILLRACE_RECORDINGS`
 * (default `../shared/data`). Where the folder is missing, its tests say so and skip.
 */
const folder = recordingsFolder();

export const recordingsMissing = (): string | null =>
  existsSync(folder)
    ? null
    : `SKIPPED: the recordings are not in ${folder}; set MILLRACE_RECORDINGS to the folder that has them.\n`;

/** `describe`, or, where the recordings are missing, a line that says so and `describe.skip`. */
export const describeRecordings = (title: string, body: () => void): void => {
  const missing = recordingsMissing();
  if (missing === null) {
    describe(title, body);
    return;
  }
  process.stderr.write(missing);
  describe.skip(`${title} (skipped: the recordings are missing)`, () => {
    it('needs MILLRACE_RECORDINGS', () => undefined);
  });
};

export const recordingPath = (...names: string[]): string => join(folder, ...names);

export const recordingLines = (...names: string[]): string[] => {
  const bytes = readFileSync(recordingPath(...names));
  const text = (names[names.length - 1]!.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const lines = text.split(/\r?\n/);
  if (lines[lines.length - 1] === '') lines.pop();
  return lines;
};

export const golden = <T>(set: string): T => JSON.parse(readFileSync(recordingPath(set, 'golden.json'), 'utf8')) as T;
