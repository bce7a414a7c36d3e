/** Datatypes of Sparkplug B 3.0, chapter 6.4.16, by the numbers that travel. */
export const DATATYPES = {
  Int8: 1,
  Int16: 2,
  Int32: 3,
  Int64: 4,
  UInt8: 5,
  UInt16: 6,
  UInt32: 7,
  UInt64: 8,
  Float: 9,
  Double: 10,
  Boolean: 11,
  String: 12,
  DateTime: 13,
  Text: 14,
  UUID: 15,
  DataSet: 16,
  Bytes: 17,
  File: 18,
  Template: 19,
  PropertySet: 20,
  PropertySetList: 21,
  Int8Array: 22,
  Int16Array: 23,
  Int32Array: 24,
  Int64Array: 25,
  UInt8Array: 26,
  UInt16Array: 27,
  UInt32Array: 28,
  UInt64Array: 29,
  FloatArray: 30,
  DoubleArray: 31,
  BooleanArray: 32,
  StringArray: 33,
  DateTimeArray: 34,
} as const;

export type DatatypeName = keyof typeof DATATYPES;

const NAMES: ReadonlyMap<number, DatatypeName> = new Map(
  Object.entries(DATATYPES).map(([name, number]) => [number, name as DatatypeName]),
);

/** Null for 0 (Unknown) and for numbers of a later version. */
export const datatypeName = (number: number | null): DatatypeName | null =>
  number === null ? null : (NAMES.get(number) ?? null);

/** Bits and sign of the whole numbers. */
export const INTEGERS: { readonly [name in DatatypeName]?: { readonly bits: number; readonly signed: boolean } } = {
  Int8: { bits: 8, signed: true },
  Int16: { bits: 16, signed: true },
  Int32: { bits: 32, signed: true },
  Int64: { bits: 64, signed: true },
  UInt8: { bits: 8, signed: false },
  UInt16: { bits: 16, signed: false },
  UInt32: { bits: 32, signed: false },
  UInt64: { bits: 64, signed: false },
};

/** Type of the items of an array, by the name of the array. */
export const itemsOf = (name: DatatypeName): DatatypeName | null =>
  name.endsWith('Array') ? (name.slice(0, -'Array'.length) as DatatypeName) : null;
