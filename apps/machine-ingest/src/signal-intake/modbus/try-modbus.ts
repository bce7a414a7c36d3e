import { SourceProblem, type TriedSource, type TryContext } from '../source-kind';
import type { Reading } from './decode-item';
import { DevicePoller, type FailedPoll } from './device-poller';
import { ConnectionLost, ModbusConnection } from './modbus-connection';
import { itemsOf, type ModbusItem } from './modbus-item';
import type { ModbusSettings } from './modbus-settings';
import { spokenQuality, spokenRefusal } from './spoken-refusal';

/** Values that a person is shown. */
const SHOWN = 50;
/** Items without a value that a sentence names. */
const NAMED = 5;
/** What stands in the settings and the device does not have: a function, an address, a length. */
const NOT_THERE: ReadonlySet<string> = new Set(['mb:exception-1', 'mb:exception-2', 'mb:exception-3']);

/** Connects as the source will, and reads each item once. */
export const tryModbus = async (
  settings: ModbusSettings,
  { signal, lookup }: Pick<TryContext, 'signal' | 'lookup'>,
): Promise<TriedSource> => {
  let connection: ModbusConnection | null = null;
  const stop = (): void => connection?.close();
  signal.addEventListener('abort', stop);
  try {
    const { host, port, connectMs } = settings;
    connection = await ModbusConnection.open({ host, port, lookup }, connectMs, signal);
    return await look(connection, settings);
  } catch (error) {
    throw error instanceof ConnectionLost ? problemOf(error, settings) : error;
  } finally {
    signal.removeEventListener('abort', stop);
    connection?.close();
  }
};

const look = async (connection: ModbusConnection, settings: ModbusSettings): Promise<TriedSource> => {
  const readings = new Map<ModbusItem, Reading | null>();
  const refused = new Map<ModbusItem, string>();
  let reads = 0;
  for (const [nth, device] of settings.devices.entries()) {
    const items = itemsOf(device, nth);
    const poller = new DevicePoller(items, settings, { monotonic: () => performance.now(), count: () => undefined });
    const polled = await poller.poll(connection);
    const [malformed] = polled.malformed;
    if (malformed !== undefined)
      throw new SourceProblem('not_this_protocol', `${malformed.detail} ${WRONG_ANSWER}`, `devices[${nth}]`);
    if (polled.failed !== null && !isNotThere(polled.refused)) throw nothingOf(settings, polled.failed, nth);
    reads += poller.reads;
    for (const item of items) {
      readings.set(item, polled.readings.get(item) ?? null);
      const code = polled.refused.get(item) ?? '';
      if (NOT_THERE.has(code)) refused.set(item, code);
    }
  }
  if (refused.size > 0) throw notThere(refused, readings.size);
  const bad = [...readings].filter(([, reading]) => reading?.quality !== 'good');
  const devices = settings.devices.length;
  return {
    summary: `Modbus TCP at ${settings.host}:${settings.port}: ${counted(devices, 'device')}, ${counted(readings.size, 'item')} in ${counted(reads, 'read')}, ${readings.size - bad.length} with a good value.${spokenBad(bad)}`,
    seen: [...readings].slice(0, SHOWN).map(([{ machine, path, ucum }, reading]) => ({
      machine,
      path,
      value: reading?.value ?? null,
      unit: ucum,
    })),
  };
};

const WRONG_ANSWER =
  'A device that echoes another unit than it was asked for takes that one as unitId; one that sends fewer registers wants a lower maxRegisters.';

/** All that stands in the settings of a device, and none of it is there. */
const isNotThere = (refused: ReadonlyMap<ModbusItem, string>): boolean =>
  refused.size > 0 && [...refused.values()].every((code) => NOT_THERE.has(code));

const spokenBad = (bad: ReadonlyArray<readonly [ModbusItem, Reading | null]>): string => {
  if (bad.length === 0) return '';
  const named = bad.slice(0, NAMED).map(([{ path, table, address }, reading]) => {
    const code = reading?.qualityCode ?? 'mb:no-answer';
    return `${JSON.stringify(path)} (${table} ${address}): ${spokenQuality(code) ?? code}`;
  });
  const more = bad.length > NAMED ? `, and ${bad.length - NAMED} more` : '';
  return ` Without one: ${named.join(', ')}${more}.`;
};

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const notThere = (refused: ReadonlyMap<ModbusItem, string>, of: number): SourceProblem => {
  const [first] = refused.keys();
  return new SourceProblem(
    'not_found',
    `${spokenRefusal(refused, of)} Addresses count from 0 here, and the register that a manual calls 40001 is the holding register 0 ("reference": "40001" says the same). Look whether it is input or holding registers, and whether the unit is the right one.`,
    first?.settingsPath ?? 'devices',
  );
};

/** Of the `nth` device nothing was read. */
const nothingOf = ({ host, port }: ModbusSettings, { how, reason }: FailedPoll, nth: number): SourceProblem => {
  const path = `devices[${nth}].unitId`;
  if (how === 'refused') return new SourceProblem('not_found', `${host}:${port} answers. ${reason}`, path);
  const others =
    nth > 0
      ? 'The devices before it answer.'
      : 'Is it the right unit? Behind a gateway each device has its own, 1 to 247; a device with an address of its own mostly takes 1, 255 or 0.';
  return new SourceProblem(
    'unreachable',
    `${host}:${port} takes the connection. ${reason} ${others} A device that does not have an address may stay silent, too, and a slow line needs a longer timeoutMs.`,
    path,
  );
};

const problemOf = (lost: ConnectionLost, { host, port }: ModbusSettings): SourceProblem => {
  switch (lost.how) {
    case 'garbage':
      return new SourceProblem(
        'not_this_protocol',
        `${lost.message} Is it the port of Modbus TCP, mostly 502? A gateway may also be set to pass on Modbus RTU as it is, which Millrace does not read.`,
        'port',
      );
    case 'idle':
    case 'broken':
      return new SourceProblem(
        'not_this_protocol',
        `${lost.message} It does so where another protocol listens on that port, and where a device has as many clients as it takes or takes those of a list only.`,
        'port',
      );
    case 'left':
      return new SourceProblem('unreachable', `${host}:${port} has not answered in time.`, 'host');
    case 'unreachable':
      return new SourceProblem('unreachable', lost.message, 'host');
  }
};
