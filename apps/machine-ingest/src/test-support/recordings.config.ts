import { resolve } from 'node:path';

/** `MILLRACE_RECORDINGS`: folder of the recordings that tests are proven on; default `../shared/data` beside the project. */
export const recordingsFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  env['MILLRACE_RECORDINGS'] ?? resolve(__dirname, '../../../../../shared/data');
