import { hasBits, type ModbusTable } from './modbus-frame';

/** What is read together: neighbours of one table. */
export interface Read<Item extends Readable = Readable> {
  readonly table: ModbusTable;
  readonly address: number;
  readonly count: number;
  readonly items: readonly Item[];
}

export interface Readable {
  readonly table: ModbusTable;
  readonly address: number;
  /** Registers, or bits where the table has bits. */
  readonly width: number;
}

export interface ReadLimits {
  readonly maxRegisters: number;
  readonly maxBits: number;
  /** Registers that nobody asked for and that may be read with the others; bits take no more room than that. */
  readonly maxHole: number;
}

/**
 * As few reads as the limits allow, each item whole in exactly one of them: the two halves of a number must come from one
 * moment. No item is wider than a read.
 */
export const planReads = <Item extends Readable>(items: readonly Item[], limits: ReadLimits): Read<Item>[] => {
  const sorted = [...items].sort(
    (one, other) => one.table.localeCompare(other.table) || one.address - other.address || other.width - one.width,
  );
  const reads: { table: ModbusTable; address: number; end: number; items: Item[] }[] = [];
  for (const item of sorted) {
    const last = reads.at(-1);
    const most = hasBits(item.table) ? limits.maxBits : limits.maxRegisters;
    const hole = hasBits(item.table) ? limits.maxHole * 16 : limits.maxHole;
    const end = item.address + item.width;
    if (
      last !== undefined &&
      last.table === item.table &&
      item.address - last.end <= hole &&
      Math.max(end, last.end) - last.address <= most
    ) {
      last.items.push(item);
      last.end = Math.max(end, last.end);
    } else reads.push({ table: item.table, address: item.address, end, items: [item] });
  }
  return reads.map(({ table, address, end, items: held }) => ({ table, address, count: end - address, items: held }));
};

/**
 * The parts of a read that the device refuses, to find what of it is the cause: its runs without holes, else its two halves.
 * A read of one item has no parts.
 */
export const partsOf = <Item extends Readable>({ items }: Read<Item>, limits: ReadLimits): Read<Item>[] => {
  if (items.length < 2) return [];
  const whole = { ...limits, maxHole: 0 };
  const runs = planReads(items, whole);
  if (runs.length > 1) return runs;
  const half = items.length >> 1;
  return [...planReads(items.slice(0, half), whole), ...planReads(items.slice(half), whole)];
};
