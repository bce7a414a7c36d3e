import { gunzipSync, inflateSync } from 'node:zlib';
import { PAYLOAD_LIMITS, type SparkplugPayload, type WireMetric, type WireProperty, type WireValue } from './payload';
import { payloadType } from './schema';

export type PayloadReading =
  | { readonly kind: 'payload'; readonly payload: SparkplugPayload }
  /** `code`: `too_large`, `decode_error`. */
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string };

/** A 64-bit number as protobufjs gives it. */
interface Long {
  readonly low: number;
  readonly high: number;
}
type Members = { readonly [name: string]: unknown };

class TooMuch extends Error {}

/** Of a payload whose `body` is another one, compressed: Tahu and its clients send it where they are told to save bytes. */
const COMPRESSED = 'SPBV1.0_COMPRESSED';

/** Reads bytes of anybody; nothing throws. */
export const decodePayload = (bytes: Uint8Array): PayloadReading => {
  if (bytes.length > PAYLOAD_LIMITS.bytes)
    return {
      kind: 'refused',
      code: 'too_large',
      detail: `The payload has ${bytes.length} bytes; the limit is ${PAYLOAD_LIMITS.bytes}.`,
    };
  try {
    const message = payloadType.decode(bytes) as unknown as Members;
    const payload = payloadOf(message);
    if (payload.uuid !== COMPRESSED || !has(message, 'body')) return { kind: 'payload', payload };
    const inner = payloadOf(payloadType.decode(expanded(message['body'] as Uint8Array, payload)) as unknown as Members);
    const { timestamp, seq } = payload;
    return { kind: 'payload', payload: { ...inner, timestamp: inner.timestamp ?? timestamp, seq: inner.seq ?? seq } };
  } catch (error) {
    const detail =
      error instanceof TooMuch ? error.message : `It is no Sparkplug B payload: ${(error as Error).message}.`;
    return { kind: 'refused', code: error instanceof TooMuch ? 'too_large' : 'decode_error', detail };
  }
};

const payloadOf = (message: Members): SparkplugPayload => {
  const seq = has(message, 'seq') ? bigint(message['seq']) : null;
  return {
    timestamp: moment(message, 'timestamp'),
    seq: seq === null ? null : Number(seq & 0xffn),
    uuid: has(message, 'uuid') ? String(message['uuid']) : null,
    metrics: metrics(message, 1),
  };
};

/** The metric `algorithm` says how, where there is one. */
const expanded = (body: Uint8Array, { metrics: said }: SparkplugPayload): Uint8Array => {
  const value = said.find(({ name }) => name === 'algorithm')?.value;
  const algorithm = value?.field === 'string' ? value.value.toUpperCase() : 'DEFLATE';
  const expand = algorithm === 'DEFLATE' ? inflateSync : algorithm === 'GZIP' ? gunzipSync : null;
  if (expand === null)
    throw new Error(`it is compressed with ${JSON.stringify(algorithm.slice(0, 40))}, which is not read`);
  try {
    return expand(body, { maxOutputLength: PAYLOAD_LIMITS.bytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new TooMuch(`The payload expands to more than ${PAYLOAD_LIMITS.bytes} bytes.`);
    throw error;
  }
};

/** Whether the field was on the wire; defaults of a message lie on its prototype. */
const has = (message: Members, field: string): boolean =>
  Object.hasOwn(message, field) && message[field] !== null && message[field] !== undefined;

const bigint = (value: unknown): bigint => {
  const { low, high } = value as Long;
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
};

/** The end of the year 9999, which is the last that RFC 3339 can write: microseconds in the place of milliseconds lie beyond. */
const LATEST = 253_402_300_799_999n;
const moment = (message: Members, field: string): number | null => {
  if (!has(message, field)) return null;
  const ms = bigint(message[field]);
  return ms <= LATEST ? Number(ms) : null;
};

const list = (message: Members, field: string): readonly Members[] =>
  has(message, field) ? (message[field] as Members[]) : [];

const metrics = (message: Members, depth: number): WireMetric[] => {
  if (depth > PAYLOAD_LIMITS.depth)
    throw new TooMuch(`Templates are nested more than ${PAYLOAD_LIMITS.depth} levels deep.`);
  const all = list(message, 'metrics');
  if (all.length > PAYLOAD_LIMITS.metrics)
    throw new TooMuch(`The payload has ${all.length} metrics; the limit is ${PAYLOAD_LIMITS.metrics}.`);
  return all.map((metric) => ({
    name: has(metric, 'name') ? String(metric['name']) : null,
    alias: has(metric, 'alias') ? String(bigint(metric['alias'])) : null,
    timestamp: moment(metric, 'timestamp'),
    datatype: has(metric, 'datatype') ? (metric['datatype'] as number) : null,
    isHistorical: metric['is_historical'] === true,
    isTransient: metric['is_transient'] === true,
    isNull: metric['is_null'] === true,
    properties: has(metric, 'properties') ? properties(metric['properties'] as Members, depth) : NONE,
    value: value(metric, depth),
  }));
};

const NONE: ReadonlyMap<string, WireProperty> = new Map();

const properties = (set: Members, depth: number): ReadonlyMap<string, WireProperty> => {
  if (depth > PAYLOAD_LIMITS.depth)
    throw new TooMuch(`Property sets are nested more than ${PAYLOAD_LIMITS.depth} levels deep.`);
  const keys = list(set, 'keys') as unknown as readonly string[];
  const values = list(set, 'values');
  if (keys.length !== values.length)
    throw new Error(`a property set has ${keys.length} keys and ${values.length} values`);
  return new Map(
    values.map((property, index) => [
      keys[index]!,
      {
        datatype: has(property, 'type') ? (property['type'] as number) : null,
        value: property['is_null'] === true ? null : value(property, depth),
      },
    ]),
  );
};

const value = (holder: Members, depth: number): WireValue | null => {
  if (has(holder, 'int_value')) return { field: 'int', value: holder['int_value'] as number };
  if (has(holder, 'long_value')) return { field: 'long', value: bigint(holder['long_value']) };
  if (has(holder, 'float_value')) return { field: 'float', value: holder['float_value'] as number };
  if (has(holder, 'double_value')) return { field: 'double', value: holder['double_value'] as number };
  if (has(holder, 'boolean_value')) return { field: 'boolean', value: holder['boolean_value'] as boolean };
  if (has(holder, 'string_value')) return { field: 'string', value: holder['string_value'] as string };
  if (has(holder, 'bytes_value')) return { field: 'bytes', value: Buffer.from(holder['bytes_value'] as Uint8Array) };
  if (has(holder, 'dataset_value')) return { field: 'dataset', value: dataSet(holder['dataset_value'] as Members) };
  if (has(holder, 'template_value')) {
    const template = holder['template_value'] as Members;
    return {
      field: 'template',
      value: {
        version: has(template, 'version') ? String(template['version']) : null,
        reference: has(template, 'template_ref') ? String(template['template_ref']) : null,
        isDefinition: template['is_definition'] === true,
        metrics: metrics(template, depth + 1),
        parameters: list(template, 'parameters').map((parameter) => ({
          name: has(parameter, 'name') ? String(parameter['name']) : '',
          datatype: has(parameter, 'type') ? (parameter['type'] as number) : null,
          value: value(parameter, depth),
        })),
      },
    };
  }
  if (has(holder, 'propertyset_value'))
    return { field: 'propertyset', value: properties(holder['propertyset_value'] as Members, depth + 1) };
  if (has(holder, 'propertysets_value'))
    return {
      field: 'propertysets',
      value: list(holder['propertysets_value'] as Members, 'propertyset').map((set) => properties(set, depth + 1)),
    };
  return null;
};

const dataSet = (message: Members) => {
  const columns = list(message, 'columns') as unknown as readonly string[];
  const datatypes = list(message, 'types') as unknown as readonly number[];
  if (columns.length !== datatypes.length)
    throw new Error(`a data set has ${columns.length} columns and ${datatypes.length} types`);
  const rows = list(message, 'rows').map((row) => list(row, 'elements').map((element) => value(element, 1)));
  for (const row of rows)
    if (row.length !== columns.length)
      throw new Error(`a row of a data set has ${row.length} elements for ${columns.length} columns`);
  return { columns, datatypes, rows };
};
