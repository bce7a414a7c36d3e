import { type DatatypeName, INTEGERS } from './datatype';

/** Arrays of Sparkplug 3.0 (chapter 6.4.16.2) are packed little-endian into `bytes_value`. */
export type ArrayItem = number | string | boolean;

/** The items, or null where the bytes do not fit the type. 64-bit numbers are text, moments are RFC 3339. */
export const unpackArray = (bytes: Buffer, items: DatatypeName): ArrayItem[] | null => {
  if (items === 'String') return unpackStrings(bytes);
  if (items === 'Boolean') return unpackBooleans(bytes);
  const size = itemSize(items);
  if (size === null || bytes.length % size !== 0) return null;
  const out: ArrayItem[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const item = readItem(bytes, at, items);
    if (item === null) return null;
    out.push(item);
  }
  return out;
};

export const packArray = (values: readonly ArrayItem[], items: DatatypeName): Buffer => {
  if (items === 'String') return Buffer.from(values.map((value) => `${value}\0`).join(''));
  if (items === 'Boolean') return packBooleans(values);
  const size = itemSize(items)!;
  const bytes = Buffer.alloc(values.length * size);
  values.forEach((value, index) => {
    writeItem(bytes, index * size, items, value);
  });
  return bytes;
};

const itemSize = (items: DatatypeName): number | null => {
  const integer = INTEGERS[items];
  if (integer !== undefined) return integer.bits / 8;
  if (items === 'Float') return 4;
  return items === 'Double' || items === 'DateTime' ? 8 : null;
};

const readItem = (bytes: Buffer, at: number, items: DatatypeName): ArrayItem | null => {
  const integer = INTEGERS[items];
  if (items === 'DateTime') {
    const date = new Date(Number(bytes.readBigInt64LE(at)));
    return Number.isNaN(date.getTime()) ? null : date.toISOString();
  }
  if (items === 'Float') return bytes.readFloatLE(at);
  if (items === 'Double') return bytes.readDoubleLE(at);
  if (integer!.bits === 64) return String(integer!.signed ? bytes.readBigInt64LE(at) : bytes.readBigUInt64LE(at));
  return integer!.signed ? bytes.readIntLE(at, integer!.bits / 8) : bytes.readUIntLE(at, integer!.bits / 8);
};

const writeItem = (bytes: Buffer, at: number, items: DatatypeName, value: ArrayItem): void => {
  const integer = INTEGERS[items];
  if (items === 'DateTime') bytes.writeBigInt64LE(BigInt(Date.parse(String(value))), at);
  else if (items === 'Float') bytes.writeFloatLE(Number(value), at);
  else if (items === 'Double') bytes.writeDoubleLE(Number(value), at);
  else if (integer!.bits === 64) bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
  else bytes.writeUIntLE(Number(BigInt.asUintN(integer!.bits, BigInt(value))), at, integer!.bits / 8);
};

/** Texts, each ended by a zero byte; some encoders leave the last one out. */
const unpackStrings = (bytes: Buffer): string[] => {
  if (bytes.length === 0) return [];
  const end = bytes[bytes.length - 1] === 0 ? bytes.length - 1 : bytes.length;
  return bytes.subarray(0, end).toString('utf8').split('\0');
};

/** A 32-bit count, then bits, the first of them the highest of its byte. */
const unpackBooleans = (bytes: Buffer): boolean[] | null => {
  if (bytes.length < 4) return null;
  const count = bytes.readUInt32LE(0);
  if (bytes.length !== 4 + Math.ceil(count / 8)) return null;
  return Array.from({ length: count }, (_, index) => (bytes[4 + (index >> 3)]! & (0x80 >> (index & 7))) !== 0);
};

const packBooleans = (values: readonly ArrayItem[]): Buffer => {
  const bytes = Buffer.alloc(4 + Math.ceil(values.length / 8));
  bytes.writeUInt32LE(values.length, 0);
  values.forEach((value, index) => {
    if (value === true) bytes[4 + (index >> 3)]! |= 0x80 >> (index & 7);
  });
  return bytes;
};
