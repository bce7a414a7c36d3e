import { type DatatypeName, datatypeName, INTEGERS, itemsOf } from './datatype';
import { unpackArray } from './packed-array';
import type { WireDataSet, WireProperty, WireTemplate, WireValue } from './payload';

/**
 * What a metric says, by its datatype. Whole numbers that a double cannot hold are text; bytes are base64; moments are
 * RFC 3339; what has parts is an object.
 */
export type MetricValue = number | string | boolean | { readonly [name: string]: unknown };

export type ValueReading =
  | { readonly kind: 'value'; readonly value: MetricValue }
  /** NaN or an infinity: a number, and yet none that can be counted with. */
  | { readonly kind: 'not_finite' }
  /** The field or the bytes do not fit the datatype. */
  | { readonly kind: 'misfit'; readonly detail: string };

const value = (it: MetricValue): ValueReading => ({ kind: 'value', value: it });

export const readValue = (wire: WireValue, datatype: number | null): ValueReading => {
  const name = datatypeName(datatype);
  if (name === null) return misfit(wire, `datatype ${datatype}`);
  if (INTEGERS[name] !== undefined) return readInteger(wire, name);
  switch (name) {
    case 'Float':
    case 'Double':
      return readFraction(wire, name);
    case 'Boolean':
      if (wire.field === 'boolean') return value(wire.value);
      return wire.field === 'int' && wire.value <= 1 ? value(wire.value === 1) : misfit(wire, name);
    case 'String':
    case 'Text':
    case 'UUID':
      return wire.field === 'string' ? value(wire.value) : misfit(wire, name);
    case 'DateTime': {
      if (wire.field !== 'long') return misfit(wire, name);
      const date = new Date(Number(wire.value));
      return Number.isNaN(date.getTime()) ? misfit(wire, name) : value(date.toISOString());
    }
    case 'Bytes':
    case 'File':
      return wire.field === 'bytes' ? value(wire.value.toString('base64')) : misfit(wire, name);
    case 'DataSet':
      return wire.field === 'dataset' ? value(dataSetValue(wire.value)) : misfit(wire, name);
    case 'Template':
      return wire.field === 'template' ? value(templateValue(wire.value)) : misfit(wire, name);
    case 'PropertySet':
      return wire.field === 'propertyset' ? value(propertiesValue(wire.value)) : misfit(wire, name);
    case 'PropertySetList':
      return wire.field === 'propertysets' ? value({ items: wire.value.map(propertiesValue) }) : misfit(wire, name);
    default: {
      const items = wire.field === 'bytes' ? unpackArray(wire.value, itemsOf(name)!) : null;
      return items === null ? misfit(wire, name) : value({ items });
    }
  }
};

const misfit = (wire: WireValue, wanted: string): ValueReading => ({
  kind: 'misfit',
  detail: `The value came in the field ${wire.field}_value and does not fit ${wanted}.`,
});

/**
 * A negative number travels as its two's complement in an unsigned field: of 8, 32 or 64 bits, encoders differ. UInt32 is
 * in `long_value` with some and in `int_value` with others.
 */
const readInteger = (wire: WireValue, name: DatatypeName): ValueReading => {
  const { bits, signed } = INTEGERS[name]!;
  const exact = wholeNumber(wire);
  if (exact === null) return misfit(wire, name);
  const low = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const high = (1n << BigInt(signed ? bits - 1 : bits)) - 1n;
  for (const width of wire.field === 'int' ? [32, bits] : [64, 32, bits]) {
    const read = signed && exact >= 0n && exact < 1n << BigInt(width) ? BigInt.asIntN(width, exact) : exact;
    if (read >= low && read <= high) return value(plainOrText(read));
  }
  return misfit(wire, name);
};

const wholeNumber = (wire: WireValue): bigint | null => {
  if (wire.field === 'int') return BigInt(wire.value);
  if (wire.field === 'long') return wire.value;
  if (wire.field === 'float' || wire.field === 'double')
    return Number.isSafeInteger(wire.value) ? BigInt(wire.value) : null;
  return null;
};

const plainOrText = (exact: bigint): number | string =>
  exact >= BigInt(Number.MIN_SAFE_INTEGER) && exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : String(exact);

const readFraction = (wire: WireValue, name: DatatypeName): ValueReading => {
  if (wire.field === 'float' || wire.field === 'double')
    return Number.isFinite(wire.value) ? value(wire.value) : { kind: 'not_finite' };
  if (wire.field === 'int') return value(wire.value);
  return wire.field === 'long' && wire.value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? value(Number(wire.value))
    : misfit(wire, name);
};

const inside = (wire: WireValue | null, datatype: number | null): unknown => {
  if (wire === null) return null;
  const read = readValue(wire, datatype);
  return read.kind === 'value' ? read.value : null;
};

const dataSetValue = (set: WireDataSet): MetricValue => ({
  columns: set.columns,
  types: set.datatypes.map((datatype) => datatypeName(datatype) ?? String(datatype)),
  rows: set.rows.map((row) => row.map((element, column) => inside(element, set.datatypes[column]!))),
});

const templateValue = (template: WireTemplate): MetricValue => ({
  ...(template.reference === null ? {} : { template: template.reference }),
  ...(template.version === null ? {} : { version: template.version }),
  parameters: Object.fromEntries(
    template.parameters.map(({ name, datatype, value: it }) => [name, inside(it, datatype)]),
  ),
  metrics: Object.fromEntries(
    template.metrics.map((metric) => [
      metric.name ?? `alias:${metric.alias}`,
      metric.isNull ? null : inside(metric.value, metric.datatype),
    ]),
  ),
});

const propertiesValue = (set: ReadonlyMap<string, WireProperty>): MetricValue =>
  Object.fromEntries([...set].map(([key, property]) => [key, inside(property.value, property.datatype)]));
