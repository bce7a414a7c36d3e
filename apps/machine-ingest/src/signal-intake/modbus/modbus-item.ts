import { type Rational, rational, type SignalType } from '@millrace/domain';
import { hasBits, type ModbusTable } from './modbus-frame';
import { readFactor } from './read-factor';
import { readReference } from './register-reference';

export const TYPES = [
  'bool',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float32',
  'float64',
  'string',
] as const;
export type ModbusType = (typeof TYPES)[number];

/**
 * The bytes of a value as they come, A the most significant. ABCD is that of the specification; CDAB has the registers the
 * other way round, BADC the two bytes within each, DCBA both. Of four registers the same: CDAB is GHEFCDAB there.
 */
export const ORDERS = ['ABCD', 'BADC', 'CDAB', 'DCBA'] as const;
export type ByteOrder = (typeof ORDERS)[number];

/** Registers of each type; a string says by itself how many it has. */
const REGISTERS: { readonly [type in ModbusType]: number } = {
  bool: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  int64: 4,
  uint64: 4,
  float32: 2,
  float64: 4,
  string: 1,
};

export const isNumber = (type: ModbusType): boolean => type !== 'bool' && type !== 'string';

/** Numbers of more than one register: there is no order of these that one could take for granted. */
export const isWide = (type: ModbusType): boolean => REGISTERS[type] > 1;

export const takesOrder = (type: ModbusType, order: ByteOrder): boolean =>
  isWide(type) || (type !== 'bool' && (order === 'ABCD' || order === 'BADC'));

interface Placed {
  readonly table?: ModbusTable | undefined;
  readonly address?: number | undefined;
  readonly reference?: string | undefined;
}

export interface Place {
  readonly table: ModbusTable;
  readonly address: number;
}

/** Null where the place is not, or not fully, said. */
export const placeOf = ({ table, address, reference }: Placed): Place | null => {
  if (reference !== undefined) return readReference(reference);
  return table === undefined || address === undefined ? null : { table, address };
};

/** Registers that the item takes, or bits where the table has bits. */
export const widthOf = (
  { type, length }: { readonly type?: ModbusType | undefined; readonly length?: number | undefined },
  table: ModbusTable,
): number => (hasBits(table) ? 1 : type === 'string' ? (length ?? 1) : REGISTERS[type ?? 'bool']);

/** One item as it is read. */
export interface ModbusItem extends Place {
  readonly machine: string;
  readonly unit: number;
  readonly path: string;
  /** Registers, or bits where the table has bits. */
  readonly width: number;
  readonly type: ModbusType;
  readonly bit: number;
  readonly order: ByteOrder;
  /** Null where the raw number is the value. */
  readonly scaling: { readonly scale: Rational; readonly offset: Rational } | null;
  readonly ucum: string | null;
  readonly signalType: SignalType;
  /** Where it stands in the settings: `devices[0].items[2]`. */
  readonly settingsPath: string;
}

type Written = Placed & {
  readonly path: string;
  readonly type?: ModbusType | undefined;
  readonly bit?: number | undefined;
  readonly length?: number | undefined;
  readonly order?: ByteOrder | undefined;
  readonly scale?: number | string | undefined;
  readonly offset?: number | string | undefined;
  readonly unit?: string | undefined;
};

export interface WrittenDevice {
  readonly machine: string;
  readonly unitId: number;
  readonly items: readonly Written[];
}

/** The items of the `nth` device of the settings, which are valid. */
export const itemsOf = ({ machine, unitId, items }: WrittenDevice, nth: number): ModbusItem[] =>
  items.map((written, n) => {
    const place = placeOf(written)!;
    const type = written.type ?? 'bool';
    const scaled = written.scale !== undefined || written.offset !== undefined;
    return {
      ...place,
      machine,
      unit: unitId,
      path: written.path,
      width: widthOf(written, place.table),
      type,
      bit: written.bit ?? 0,
      order: written.order ?? 'ABCD',
      scaling: scaled
        ? {
            scale: readFactor(written.scale ?? 1) ?? rational(1n),
            offset: readFactor(written.offset ?? 0) ?? rational(0n),
          }
        : null,
      ucum: written.unit ?? null,
      signalType: scaled ? 'double' : SIGNAL_TYPES[type],
      settingsPath: `devices[${nth}].items[${n}]`,
    };
  });

const SIGNAL_TYPES: { readonly [type in ModbusType]: SignalType } = {
  bool: 'bool',
  int16: 'int64',
  uint16: 'uint64',
  int32: 'int64',
  uint32: 'uint64',
  int64: 'int64',
  uint64: 'uint64',
  float32: 'float',
  float64: 'double',
  string: 'string',
};
