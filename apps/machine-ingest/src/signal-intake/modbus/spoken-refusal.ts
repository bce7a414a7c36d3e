import { spokenException } from './modbus-frame';
import type { ModbusItem } from './modbus-item';

/** Items that a sentence names. */
const NAMED = 10;

/** What is refused of so many items, for a person; the codes are those of the signals. */
export const spokenRefusal = (refused: ReadonlyMap<ModbusItem, string>, of: number): string => {
  const named = [...refused.keys()]
    .slice(0, NAMED)
    .map(({ table, address, path }) => `${JSON.stringify(path)} (${table} ${address})`)
    .join(', ');
  const more = refused.size > NAMED ? ` and ${refused.size - NAMED} more` : '';
  const how = [...new Set(refused.values())].map(spokenCode).join(' or ');
  const units = new Set([...refused.keys()].map(({ unit }) => unit));
  const who = units.size === 1 ? `Unit ${[...units][0]} refuses` : 'The devices refuse';
  return `${who} ${refused.size} of the ${of} items, ${how}: ${named}${more}.`;
};

const spokenCode = (qualityCode: string): string => {
  const said = spokenQuality(qualityCode);
  return said === null ? 'by saying nothing' : `with ${said}`;
};

/** The exception of the code of a signal (`mb:exception-2`), for a person; null where it is none. */
export const spokenQuality = (qualityCode: string): string | null => {
  const code = /^mb:exception-(\d+)$/.exec(qualityCode)?.[1];
  return code === undefined ? null : spokenException(Number(code));
};
