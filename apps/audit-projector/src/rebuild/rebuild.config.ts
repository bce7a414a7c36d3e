import { parseArgs } from 'node:util';
import { readServiceSettings, type ServiceSettings } from '@millrace/service-runtime';
import { HISTORY_SCHEMA, REBUILD_SCHEMA } from '../history.config';

/** The service's own environment serves its commands; they listen nowhere, so they need no port. */
const settingsOf = (env: NodeJS.ProcessEnv): ServiceSettings =>
  readServiceSettings({ ...env, MILLRACE_SERVICE_PORT: '0' }, ['database'], {}).settings;

const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;
const schemaName = (text: string): string => {
  if (SCHEMA.test(text)) return text;
  throw new Error(`${JSON.stringify(text)} is not a schema name: lower-case letters, digits and _ only.`);
};

/** `rebuild [--schema history_rebuild]` */
export const readRebuildCommand = (
  argv: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
): { settings: ServiceSettings; schema: string } => {
  const { values } = parseArgs({ args: [...argv], options: { schema: { type: 'string', default: REBUILD_SCHEMA } } });
  const schema = schemaName(values.schema);
  if (schema === HISTORY_SCHEMA)
    throw new Error('The history that is in use is not rebuilt in place: give a side schema, compare, then rename.');
  return { settings: settingsOf(env), schema };
};

/** `compare [--left history] [--right history_rebuild]` */
export const readCompareCommand = (
  argv: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
): { settings: ServiceSettings; left: string; right: string } => {
  const options = {
    left: { type: 'string', default: HISTORY_SCHEMA },
    right: { type: 'string', default: REBUILD_SCHEMA },
  } as const;
  const { values } = parseArgs({ args: [...argv], options });
  return { settings: settingsOf(env), left: schemaName(values.left), right: schemaName(values.right) };
};
