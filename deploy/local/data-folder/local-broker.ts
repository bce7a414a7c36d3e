import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, type ProcessIdentity } from '../process/process-identity';

/**
 * What a data folder knows of its Kafka, for programs beside the launcher. Its port alone says little: when the stack is down,
 * that of another folder may listen there.
 *
 *   absent    no stack was ever started on the folder
 *   down      nothing runs
 *   no-broker the launcher runs, and no Kafka of its own: it starts, or was given brokers
 */
export type LocalBroker =
  | { readonly kind: 'running'; readonly address: string }
  | { readonly kind: 'absent' | 'down' | 'no-broker' };

export const localBroker = (folder: string): LocalBroker => {
  const port = readJson(join(folder, 'ports.json'))?.['kafka'];
  if (!Number.isInteger(port)) return { kind: 'absent' };
  if (runs(join(folder, 'processes/kafka.json'))) return { kind: 'running', address: `127.0.0.1:${port}` };
  return { kind: runs(join(folder, 'launcher.json')) ? 'no-broker' : 'down' };
};

const runs = (file: string): boolean => {
  const noted = readJson(file);
  return (
    typeof noted?.['pid'] === 'number' &&
    typeof noted['began'] === 'string' &&
    isRunning(noted as unknown as ProcessIdentity)
  );
};

const readJson = (file: string): { readonly [name: string]: unknown } | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { readonly [name: string]: unknown } | null;
  } catch {
    return null;
  }
};
