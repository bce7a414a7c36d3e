import { SIGNAL_LIMITS, type Signal, type SignalQuality, type SignalType } from '@millrace/domain';
import { DataType, type DataValue, type Variant, VariantArrayType } from 'node-opcua-client';
import { shortestFloat } from '../shortest-float';
import { isOverflow, isSemanticsChanged, qualityCodeOf, qualityOf } from './status-code';

/** What one DataValue says, in the words of a Signal. */
export interface ReadValue {
  readonly value: Signal['value'];
  /** Null where there is no value that has one. */
  readonly type: SignalType | null;
  readonly quality: SignalQuality;
  readonly qualityCode: string | null;
  /** Values before this one were lost in the server's queue. */
  readonly overflow: boolean;
  readonly semanticsChanged: boolean;
  readonly sourceTs: string | null;
  readonly serverTs: string | null;
}

interface TypedValue {
  readonly value: Signal['value'];
  readonly type: SignalType;
}

/** Deeper structures, of which a machine has none, are cut. */
const DEEPEST = 16;

const ISO_LENGTH = '2026-01-02T03:04:05.678Z'.length;

/**
 * One tick of OPC UA is 100 ns: seven digits of a second, of which the Date has three. RFC 3339 has years of four digits
 * only, and a Date writes others with more: no stamp.
 */
const stamp = (date: Date | null | undefined, picoseconds: number | undefined): string | null => {
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) return null;
  const ticks = Math.floor((picoseconds ?? 0) / 100_000) % 10_000;
  const text = date.toISOString();
  if (text.length !== ISO_LENGTH) return null;
  return ticks === 0 ? text : text.replace('Z', `${String(ticks).padStart(4, '0')}Z`);
};

/** Halves of 64 bits, the high one first, as the library has them. */
const wide = (halves: unknown, signed: boolean): string => {
  if (typeof halves === 'bigint' || typeof halves === 'number') return String(halves);
  const [high = 0, low = 0] = halves as [number, number];
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return String(signed ? BigInt.asIntN(64, bits) : bits);
};

const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object' && 'text' in value) return String(value.text ?? '');
  if (typeof value === 'object' && 'name' in value && !('schema' in value)) return String(value.name ?? '');
  return String(value);
};

type Plain = number | string | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

/** JSON of what a structure holds; numbers that JSON has no word for become null. */
const plain = (value: unknown, depth: number, fieldType: string | null = null): Plain => {
  if (value === null || value === undefined || depth > DEEPEST) return null;
  if (fieldType === 'Int64' || fieldType === 'UInt64')
    return Array.isArray(value) && Array.isArray(value[0])
      ? value.map((one) => wide(one, fieldType === 'Int64'))
      : wide(value, fieldType === 'Int64');
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return stamp(value, undefined);
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return Array.from(value as ArrayLike<unknown>, (one) => plain(one, depth + 1));
  if (typeof value !== 'object') return null;
  const name = value.constructor.name;
  if (name === 'LocalizedText' || name === 'QualifiedName') return textOf(value);
  if (name === 'NodeId' || name === 'ExpandedNodeId' || name === 'StatusCode' || name.endsWith('StatusCode'))
    return String(value);
  if (name === 'Variant') return plain(typedOf(value as Variant)?.value, depth + 1);
  if (name === 'OpaqueStructure') {
    const { nodeId, buffer } = value as { nodeId: unknown; buffer: Buffer };
    return { typeId: String(nodeId), body: buffer.toString('base64') };
  }
  const fields =
    (value as { schema?: { fields?: ReadonlyArray<{ name: string; fieldType: string }> } }).schema?.fields ?? [];
  const types = new Map(fields.map((field) => [field.name, field.fieldType]));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([member, held]) => typeof held !== 'function' && member !== 'schema')
      .map(([member, held]) => [
        member,
        plain(held, depth + 1, types.get(member) ?? types.get(upperFirst(member)) ?? null),
      ]),
  );
};

const upperFirst = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

const scalar = (type: DataType, value: unknown): TypedValue | null => {
  if (value === null || value === undefined) return null;
  switch (type) {
    case DataType.Boolean:
      return { value: Boolean(value), type: 'bool' };
    case DataType.SByte:
    case DataType.Int16:
    case DataType.Int32:
      return { value: Number(value), type: 'int64' };
    case DataType.Byte:
    case DataType.UInt16:
    case DataType.UInt32:
      return { value: Number(value), type: 'uint64' };
    case DataType.Int64:
      return { value: wide(value, true), type: 'int64' };
    case DataType.UInt64:
      return { value: wide(value, false), type: 'uint64' };
    case DataType.Float:
      return { value: shortestFloat(Number(value)), type: 'float' };
    case DataType.Double:
      return { value: Number(value), type: 'double' };
    case DataType.DateTime:
      return {
        value: stamp(value as Date, (value as { picoseconds?: number }).picoseconds),
        type: 'datetime',
      };
    case DataType.ByteString:
      return { value: (value as Buffer).toString('base64'), type: 'string' };
    case DataType.LocalizedText:
    case DataType.QualifiedName:
      return { value: textOf(value), type: 'string' };
    case DataType.ExtensionObject:
      return { value: plain(value, 0) as { readonly [name: string]: unknown }, type: 'json' };
    case DataType.Variant:
    case DataType.DataValue:
    case DataType.DiagnosticInfo:
      return { value: { value: plain(value, 0) }, type: 'json' };
    default:
      return { value: String(value), type: 'string' };
  }
};

/** Value and type of a Variant; null for an empty one. An array is `{values}`, a matrix `{values, dimensions}`. */
export const typedOf = (variant: Variant | null | undefined): TypedValue | null => {
  if (variant === null || variant === undefined || variant.dataType === DataType.Null) return null;
  if (variant.arrayType === VariantArrayType.Scalar || variant.arrayType === undefined)
    return scalar(variant.dataType, variant.value);
  if (variant.value === null || variant.value === undefined) return null;
  const values = Array.from(variant.value as ArrayLike<unknown>, (one) => {
    const read = scalar(variant.dataType, one)?.value ?? null;
    return typeof read === 'number' && !Number.isFinite(read) ? null : read;
  });
  return {
    value:
      variant.arrayType === VariantArrayType.Matrix ? { values, dimensions: variant.dimensions ?? [] } : { values },
    type: 'json',
  };
};

/** NaN and infinities are words of the machine for "no value"; null is the only one that cannot be mistaken for a number. */
const unusable = (read: TypedValue): string | null => {
  if (typeof read.value === 'number' && !Number.isFinite(read.value))
    return Number.isNaN(read.value) ? 'ua:NaN' : 'ua:Infinity';
  if (typeof read.value === 'string' && read.value.length > SIGNAL_LIMITS.valueLength) return 'ua:too_long';
  if (read.type === 'json' && JSON.stringify(read.value).length > SIGNAL_LIMITS.valueLength) return 'ua:too_long';
  return null;
};

export const readDataValue = (dataValue: DataValue): ReadValue => {
  const status = dataValue.statusCode?.value ?? 0;
  const quality = qualityOf(status);
  const read = typedOf(dataValue.value);
  const why = read === null ? null : unusable(read);
  const bad = quality === 'bad' || why !== null;
  return {
    value: bad || read === null ? null : read.value,
    type: read?.type ?? null,
    quality: bad ? 'bad' : quality,
    qualityCode: quality !== 'bad' && why !== null ? why : qualityCodeOf(status),
    overflow: isOverflow(status),
    semanticsChanged: isSemanticsChanged(status),
    sourceTs: stamp(dataValue.sourceTimestamp, dataValue.sourcePicoseconds),
    serverTs: stamp(dataValue.serverTimestamp, dataValue.serverPicoseconds),
  };
};
