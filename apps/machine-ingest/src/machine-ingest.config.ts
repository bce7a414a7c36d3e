import { DEFAULT_TENANT, isMachineName, isTenantName } from '@millrace/domain';
import { type EnvironmentSpec, variable } from '@millrace/service-runtime';
import { z } from 'zod';

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

/** `MILLRACE_SHDR_SOURCES`, read; throws WrongSetting with one sentence when it cannot be used. */
export const readShdrSources = (text: string | undefined, defaultTenant = DEFAULT_TENANT): ShdrSourceSettings[] => {
  if (text === undefined) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new WrongSetting('it is not JSON');
  }
  if (!Array.isArray(list)) throw new WrongSetting('it is not a list');
  const sources = list.map((entry, index) => readSource(entry, index, defaultTenant));
  const seen = new Set<string>();
  for (const { tenant, machine } of sources) {
    if (seen.has(`${tenant}/${machine}`)) throw new WrongSetting(`it names the machine ${machine} twice`);
    seen.add(`${tenant}/${machine}`);
  }
  return sources;
};

const readSource = (entry: unknown, index: number, defaultTenant: string): ShdrSourceSettings => {
  const wrong = (what: string) => new WrongSetting(`entry ${index} ${what}`);
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

/** What this service is told beside the common settings. */
export const machineIngestEnvironment: EnvironmentSpec<MachineIngestSettings> = {
  shdrSources: variable(
    'MILLRACE_SHDR_SOURCES',
    'a JSON list of machines, each once: {"machine", "host", "port"} for a live adapter, {"machine", "file"} for a recording, "tenant" where it is not the default one,',
    z.union([z.undefined(), z.string()]).transform((text, context) => {
      try {
        return readShdrSources(text);
      } catch (error) {
        context.addIssue((error as Error).message);
        return z.NEVER;
      }
    }),
  ),
};
