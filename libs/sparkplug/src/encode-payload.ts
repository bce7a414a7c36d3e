import { DATATYPES, type DatatypeName, INTEGERS, itemsOf } from './datatype';
import { type ArrayItem, packArray } from './packed-array';
import { payloadType } from './schema';

/** A payload to be sent. What is left out is not on the wire. */
export interface PayloadToSend {
  /** Unix ms. */
  readonly timestamp?: number;
  readonly seq?: number;
  readonly metrics: readonly MetricToSend[];
}

export interface MetricToSend {
  readonly name?: string;
  readonly alias?: number;
  readonly timestamp?: number;
  readonly type: DatatypeName;
  /** DATA messages need not carry their datatype: it is known from the BIRTH. */
  readonly withoutDatatype?: boolean;
  readonly historical?: boolean;
  /** Null is sent as `is_null`. 64-bit numbers may be text, bytes are base64, moments RFC 3339, arrays lists. */
  readonly value: number | string | boolean | null | readonly ArrayItem[];
  /** Property `engUnit`. */
  readonly unit?: string;
}

export const encodePayload = (payload: PayloadToSend): Buffer => {
  const message = {
    ...(payload.timestamp === undefined ? {} : { timestamp: payload.timestamp }),
    ...(payload.seq === undefined ? {} : { seq: payload.seq }),
    metrics: payload.metrics.map(metricMessage),
  };
  return Buffer.from(payloadType.encode(payloadType.fromObject(message)).finish());
};

const metricMessage = (metric: MetricToSend): object => ({
  ...(metric.name === undefined ? {} : { name: metric.name }),
  ...(metric.alias === undefined ? {} : { alias: metric.alias }),
  ...(metric.timestamp === undefined ? {} : { timestamp: metric.timestamp }),
  ...(metric.withoutDatatype === true ? {} : { datatype: DATATYPES[metric.type] }),
  ...(metric.historical === true ? { is_historical: true } : {}),
  ...(metric.unit === undefined
    ? {}
    : { properties: { keys: ['engUnit'], values: [{ type: DATATYPES.String, string_value: metric.unit }] } }),
  ...(metric.value === null ? { is_null: true } : valueMember(metric.type, metric.value)),
});

const valueMember = (type: DatatypeName, value: NonNullable<MetricToSend['value']>): object => {
  const integer = INTEGERS[type];
  if (integer !== undefined) {
    const exact = BigInt(value as number | string);
    return integer.bits === 64
      ? { long_value: String(BigInt.asUintN(64, exact)) }
      : { int_value: Number(BigInt.asUintN(32, exact)) };
  }
  switch (type) {
    case 'Float':
      return { float_value: value };
    case 'Double':
      return { double_value: value };
    case 'Boolean':
      return { boolean_value: value };
    case 'String':
    case 'Text':
    case 'UUID':
      return { string_value: value };
    case 'DateTime':
      return { long_value: Date.parse(value as string) };
    case 'Bytes':
    case 'File':
      return { bytes_value: Buffer.from(value as string, 'base64') };
    default: {
      const items = itemsOf(type);
      if (items === null) throw new Error(`a metric of type ${type} is not sent by this encoder`);
      return { bytes_value: packArray(value as readonly ArrayItem[], items) };
    }
  }
};
