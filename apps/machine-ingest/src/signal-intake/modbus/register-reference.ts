import type { ModbusTable } from './modbus-frame';

const TABLE_OF: { readonly [digit: string]: ModbusTable } = {
  0: 'coil',
  1: 'discrete',
  3: 'input',
  4: 'holding',
};

/**
 * A place as manuals write it: the first digit is the table, the others count from 1. `40001` is the holding register with
 * the address 0; six digits reach the last one, `465536`. Null for anything else: other lengths could mean either.
 */
export const readReference = (reference: string): { readonly table: ModbusTable; readonly address: number } | null => {
  const match = /^([0134])(\d{4,5})$/.exec(reference);
  if (match === null) return null;
  const number = Number(match[2]);
  return number < 1 || number > 65_536 ? null : { table: TABLE_OF[match[1]!]!, address: number - 1 };
};
