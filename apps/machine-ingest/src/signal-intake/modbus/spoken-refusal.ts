import { spokenException } from './modbus-frame';
import type { ModbusItem } from './modbus-item';

/** Items that a sentence names. */
const NAMED = 10;

/** What the device does not give of so many items, for a person; the codes are those of the signals. */
export const spokenRefusal = (refused: ReadonlyMap<ModbusItem, string>, of: number): string => {
  const named = [...refused.keys()]
    .slice(0, NAMED)
    .map(({ table, address, path }) => `${JSON.stringify(path)} (${table} ${address})`)
    .join(', ');
  const more = refused.size > NAMED ? ` and ${refused.size - NAMED} more` : '';
  const how = [...new Set(refused.values())].map(spokenCode).join(' or ');
  return `The device refuses ${refused.size} of the ${of} items, ${how}: ${named}${more}.`;
};

const spokenCode = (qualityCode: string): string => {
  const code = /^mb:exception-(\d+)$/.exec(qualityCode)?.[1];
  return code === undefined ? 'by saying nothing' : `with ${spokenException(Number(code))}`;
};
