import { resolve } from 'node:path';
import { DEFAULT_TENANT, isMachineName, isTenantName, machineKey } from '@millrace/domain';
import { acknowledgeWithinMs, type EnvironmentSpec, variable } from '@millrace/service-runtime';
import { z } from 'zod';
import { isAddressRange, type SourceFolder } from './source-reach/reach-guard';

/** An SHDR adapter to connect to, or a recording to play. */
export type ShdrSourceSettings =
  | { readonly tenant: string; readonly machine: string; readonly host: string; readonly port: number }
  | { readonly tenant: string; readonly machine: string; readonly file: string };

/** An MTConnectStreams document to play. */
export interface MtconnectRecordingSettings {
  readonly tenant: string;
  readonly machine: string;
  readonly file: string;
  /** Name or uuid of the device in the document; null where it has one only. */
  readonly device: string | null;
}

export interface MachineIngestSettings {
  readonly shdrSources: readonly ShdrSourceSettings[];
  readonly mtconnectRecordings: readonly MtconnectRecordingSettings[];
  /** Ranges that sources may reach; null: see ReachSettings. */
  readonly sourceAddresses: readonly string[] | null;
  readonly sourceFolders: readonly SourceFolder[];
  /** Where sources keep files between starts; null: the folder for temporary files. */
  readonly sourceState: string | null;
  /** How long a change of configuration waits for Kafka before it is answered 503, ms. */
  readonly acknowledgeWithinMs: number;
}

export class WrongSetting extends Error {
  override readonly name = 'WrongSetting';
}

/** `MILLRACE_SHDR_SOURCES`, read; throws WrongSetting with one sentence when it cannot be used. */
export const readShdrSources = (text: string | undefined, defaultTenant = DEFAULT_TENANT): ShdrSourceSettings[] =>
  readList(text, defaultTenant, (place, { host, port, file }, wrong) => {
    if (typeof file === 'string' && file !== '' && host === undefined && port === undefined) return { ...place, file };
    if (typeof host !== 'string' || host === '' || file !== undefined)
      throw wrong("needs either 'file', or 'host' and 'port'");
    if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535)
      throw wrong("needs 'port', 1 to 65535");
    return { ...place, host, port: port as number };
  });

/** `MILLRACE_MTCONNECT_RECORDINGS`, read; throws WrongSetting with one sentence when it cannot be used. */
export const readMtconnectRecordings = (
  text: string | undefined,
  defaultTenant = DEFAULT_TENANT,
): MtconnectRecordingSettings[] =>
  readList(text, defaultTenant, (place, { file, device = null }, wrong) => {
    if (typeof file !== 'string' || file === '') throw wrong("needs 'file', the path of an MTConnectStreams document");
    if (device !== null && (typeof device !== 'string' || device === ''))
      throw wrong("has a 'device' that is not the name or uuid of one");
    return { ...place, file, device };
  });

/** One process reads a machine through one source: two would take turns in what it is doing. */
export const machineTwice = ({
  shdrSources,
  mtconnectRecordings,
}: Pick<MachineIngestSettings, 'shdrSources' | 'mtconnectRecordings'>): string | null => {
  const keys = new Set(shdrSources.map(({ tenant, machine }) => machineKey(tenant, machine)));
  return mtconnectRecordings.find(({ tenant, machine }) => keys.has(machineKey(tenant, machine)))?.machine ?? null;
};

type Place = { readonly tenant: string; readonly machine: string };
type Members = { readonly [name: string]: unknown };

const readList = <T extends Place>(
  text: string | undefined,
  defaultTenant: string,
  read: (place: Place, members: Members, wrong: (what: string) => WrongSetting) => T,
): T[] => {
  if (text === undefined) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw new WrongSetting('it is not JSON');
  }
  if (!Array.isArray(list)) throw new WrongSetting('it is not a list');
  const seen = new Set<string>();
  return list.map((entry: unknown, index) => {
    const wrong = (what: string) => new WrongSetting(`entry ${index} ${what}`);
    const source = read(readPlace(entry, defaultTenant, wrong), entry as Members, wrong);
    const key = machineKey(source.tenant, source.machine);
    if (seen.has(key)) throw new WrongSetting(`it names the machine ${source.machine} twice`);
    seen.add(key);
    return source;
  });
};

const readPlace = (entry: unknown, defaultTenant: string, wrong: (what: string) => WrongSetting): Place => {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw wrong('is not an object');
  const { machine, tenant = defaultTenant } = entry as Members;
  if (typeof machine !== 'string' || !isMachineName(machine))
    throw wrong("needs 'machine', a name of letters, digits, . _ and -");
  if (typeof tenant !== 'string' || !isTenantName(tenant)) throw wrong("has a 'tenant' that is not a tenant's name");
  return { tenant, machine };
};

const listOf = <T>(read: (text: string | undefined) => T[]) =>
  z.union([z.undefined(), z.string()]).transform((text, context) => {
    try {
      return read(text);
    } catch (error) {
      context.addIssue((error as Error).message);
      return z.NEVER;
    }
  });

const addressRanges = z.union([
  z.undefined().transform((): readonly string[] | null => null),
  z
    .string()
    .transform((text) => text.split(',').map((range) => range.trim()))
    .refine((ranges) => ranges.every(isAddressRange)),
]);

/** `/srv/drop` is of the tenant `default`, `acme=/srv/acme` of another. */
const folders = z
  .union([z.undefined().transform(() => ''), z.string()])
  .transform((text): SourceFolder[] =>
    text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '')
      .map((entry) => {
        const equals = entry.startsWith('/') ? -1 : entry.indexOf('=');
        return { tenant: equals < 0 ? DEFAULT_TENANT : entry.slice(0, equals), folder: entry.slice(equals + 1) };
      }),
  )
  .refine((entries) => entries.every(({ tenant, folder }) => isTenantName(tenant) && /^\/[^\0]*$/.test(folder)))
  .refine((entries) => new Set(entries.map(({ folder }) => resolve(folder))).size === entries.length);

/** What this service is told beside the common settings. */
export const machineIngestEnvironment: EnvironmentSpec<MachineIngestSettings> = {
  shdrSources: variable(
    'MILLRACE_SHDR_SOURCES',
    'a JSON list of machines, each once: {"machine", "host", "port"} for a live adapter, {"machine", "file"} for a recording of SHDR lines (.gz is unpacked), "tenant" where it is not the default one,',
    listOf(readShdrSources),
  ),
  mtconnectRecordings: variable(
    'MILLRACE_MTCONNECT_RECORDINGS',
    'a JSON list of machines, each once: {"machine", "file"} with the path of an MTConnectStreams document (.gz is unpacked), "device" where the document has several, "tenant" where it is not the default one,',
    listOf(readMtconnectRecordings),
  ),
  sourceAddresses: variable(
    'MILLRACE_SOURCE_ADDRESSES',
    'ranges of addresses such as 10.20.0.0/16, separated by commas,',
    addressRanges,
  ),
  sourceFolders: variable(
    'MILLRACE_SOURCE_FOLDERS',
    'folders, each once, separated by commas: an absolute path for the tenant default, <tenant>=<absolute path> for another,',
    folders,
  ),
  sourceState: variable(
    'MILLRACE_SOURCE_STATE',
    'the absolute path of a folder',
    z.union([z.undefined().transform((): string | null => null), z.string().regex(/^\//)]),
  ),
  acknowledgeWithinMs,
};
