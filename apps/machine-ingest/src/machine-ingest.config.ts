import { isMachineName, isTenantName } from '@millrace/domain';

/** An SHDR adapter to connect to, or a recording to play. */
export type ShdrSourceSettings =
  | { readonly tenant: string; readonly machine: string; readonly host: string; readonly port: number }
  | { readonly tenant: string; readonly machine: string; readonly file: string };

export interface MachineIngestSettings {
  readonly shdrSources: readonly ShdrSourceSettings[];
}

export class WrongSetting extends Error {
  override readonly name = 'WrongSetting';
}

/**
 * `MILLRACE_SHDR_SOURCES`: JSON list of `{machine, tenant?, host, port}` for live adapters and `{machine, tenant?, file}`
 * for recordings; default none. Throws WrongSetting with one sentence when it cannot be used.
 */
export const readMachineIngestSettings = (
  env: NodeJS.ProcessEnv = process.env,
  defaultTenant = 'default',
): MachineIngestSettings => {
  const text = env['MILLRACE_SHDR_SOURCES']?.trim();
  if (!text) return { shdrSources: [] };
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new WrongSetting(
      'MILLRACE_SHDR_SOURCES is not JSON; it is a list such as [{"machine": "RF-1", "host": "10.0.0.7", "port": 7878}].',
    );
  }
  if (!Array.isArray(list)) throw new WrongSetting('MILLRACE_SHDR_SOURCES must be a JSON list.');
  const sources = list.map((entry, index) => readSource(entry, index, defaultTenant));
  const seen = new Set<string>();
  for (const { tenant, machine } of sources) {
    if (seen.has(`${tenant}/${machine}`))
      throw new WrongSetting(`MILLRACE_SHDR_SOURCES names the machine ${machine} twice.`);
    seen.add(`${tenant}/${machine}`);
  }
  return { shdrSources: sources };
};

const readSource = (entry: unknown, index: number, defaultTenant: string): ShdrSourceSettings => {
  const wrong = (what: string) => new WrongSetting(`MILLRACE_SHDR_SOURCES[${index}] ${what}.`);
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw wrong('is not an object');
  const members = entry as { [name: string]: unknown };
  const { machine, host, port, file } = members;
  const tenant = members['tenant'] ?? defaultTenant;
  if (typeof machine !== 'string' || !isMachineName(machine))
    throw wrong("needs 'machine', a name of letters, digits, . _ and -");
  if (typeof tenant !== 'string' || !isTenantName(tenant)) throw wrong("has a 'tenant' that is not a tenant's name");
  if (typeof file === 'string' && file !== '' && host === undefined && port === undefined)
    return { tenant, machine, file };
  if (typeof host !== 'string' || host === '' || file !== undefined)
    throw wrong("needs either 'file', or 'host' and 'port'");
  if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535)
    throw wrong("needs 'port', 1 to 65535");
  return { tenant, machine, host, port: port as number };
};
