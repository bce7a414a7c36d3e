import { add, multiply, type Rational, type Signal, toNumber, toRational } from '@millrace/domain';
import { shortestFloat } from '../shortest-float';
import { hasBits } from './modbus-frame';
import type { ByteOrder, ModbusItem } from './modbus-item';

/** What is known of an item after a poll. */
export interface Reading {
  readonly value: Signal['value'];
  readonly quality: 'good' | 'bad' | 'stale';
  readonly qualityCode: string | null;
}

/** Nothing is known, and why: `mb:exception-2`, `mb:NaN`. */
export const unread = (qualityCode: string, quality: 'bad' | 'stale' = 'bad'): Reading => ({
  value: null,
  quality,
  qualityCode,
});

const good = (value: Signal['value']): Reading => ({ value, quality: 'good', qualityCode: null });

/** An item out of the data of the read that holds it whole; `address` is that of the read. */
export const decodeItem = (item: ModbusItem, address: number, data: Buffer): Reading => {
  const at = item.address - address;
  if (hasBits(item.table)) return good(((data[at >> 3]! >> (at & 7)) & 1) === 1);
  const bytes = inOrder(data.subarray(at * 2, (at + item.width) * 2), item.order);
  switch (item.type) {
    case 'bool':
      return good(((bytes.readUInt16BE(0) >> item.bit) & 1) === 1);
    case 'string':
      return good(textOf(bytes));
    case 'int16':
      return number(item, bytes.readInt16BE(0));
    case 'uint16':
      return number(item, bytes.readUInt16BE(0));
    case 'int32':
      return number(item, bytes.readInt32BE(0));
    case 'uint32':
      return number(item, bytes.readUInt32BE(0));
    case 'int64':
      return number(item, bytes.readBigInt64BE(0));
    case 'uint64':
      return number(item, bytes.readBigUInt64BE(0));
    case 'float32':
      return float(item, shortestFloat(bytes.readFloatBE(0)));
    case 'float64':
      return float(item, bytes.readDoubleBE(0));
  }
};

/** The bytes with the most significant one first. */
const inOrder = (bytes: Buffer, order: ByteOrder): Buffer => {
  const turned = Buffer.from(bytes);
  if (order === 'CDAB' || order === 'DCBA') turned.reverse();
  return order === 'CDAB' || order === 'BADC' ? turned.swap16() : turned;
};

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Up to the first NUL, without the spaces that fill it up; bytes that are no UTF-8 are Latin-1, which has all of them. */
const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  const said = end < 0 ? bytes : bytes.subarray(0, end);
  return decoded(said).replace(/ +$/, '');
};

const decoded = (bytes: Buffer): string => {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
};

/** NaN and infinities are words of a device for "no value"; null is the only one that cannot be mistaken for a number. */
const float = (item: ModbusItem, raw: number): Reading => {
  if (Number.isFinite(raw)) return number(item, raw === 0 ? 0 : raw);
  return unread(Number.isNaN(raw) ? 'mb:NaN' : 'mb:Infinity');
};

/** Whole numbers of 64 bits travel as text, whatever their size: one item does not change its form as it grows. */
const number = ({ scaling }: ModbusItem, raw: number | bigint): Reading => {
  if (scaling === null) return good(typeof raw === 'bigint' ? String(raw) : raw);
  return good(written(add(multiply(toRational(raw)!, scaling.scale), scaling.offset)));
};

/** A number where it is read back as exactly this one, else its digits. */
const written = (exact: Rational): number | string => {
  const near = toNumber(exact);
  const back = toRational(near);
  const same = back !== null && back.n === exact.n && back.d === exact.d;
  return same && (exact.d !== 1n || Number.isSafeInteger(near)) ? near : decimal(exact);
};

/** The digits of a number that ends: its denominator divides a power of ten. */
const decimal = ({ n, d }: Rational): string => {
  let places = 0;
  let power = 1n;
  while (power % d !== 0n) {
    places++;
    power *= 10n;
  }
  const digits = String((n < 0n ? -n : n) * (power / d)).padStart(places + 1, '0');
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return n < 0n ? `-${text}` : text;
};
