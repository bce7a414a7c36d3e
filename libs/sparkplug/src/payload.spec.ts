import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { util } from 'protobufjs';
import * as foreign from 'sparkplug-payload/lib/sparkplugbpayload';
import { DATATYPES, type DatatypeName } from './datatype';
import { decodePayload } from './decode-payload';
import { encodePayload, type MetricToSend } from './encode-payload';
import { asksForRebirth, bdSeqOf, rebirthCommand } from './node-control';
import { PAYLOAD_LIMITS, type SparkplugPayload, type WireMetric, type WireValue } from './payload';
import { readValue } from './read-value';

const decoded = (bytes: Uint8Array): SparkplugPayload => {
  const read = decodePayload(bytes);
  if (read.kind !== 'payload') throw new Error(read.detail);
  return read.payload;
};
const valueIn = (metric: WireMetric, datatype = metric.datatype) => {
  const read = readValue(metric.value!, datatype);
  return read.kind === 'value' ? read.value : read.kind;
};
const long = (value: bigint): WireValue => ({ field: 'long', value });
const int = (value: number): WireValue => ({ field: 'int', value });

describe('a value by its datatype', () => {
  it.each<[string, WireValue, DatatypeName, unknown]>([
    ['a negative Int32 in 32 bits', int(0xfffffff4), 'Int32', -12],
    ['a negative Int32 in 64 bits', long(0xfffffffffffffff4n), 'Int32', -12],
    ['a negative Int32 of 32 bits in the field of 64', long(0xfffffff4n), 'Int32', -12],
    ['a negative Int8 in 8 bits', int(0xf4), 'Int8', -12],
    ['a negative Int8 in 32 bits', int(0xfffffff4), 'Int8', -12],
    ['a negative Int16 in 16 bits', int(0xfff4), 'Int16', -12],
    ['a positive Int8', int(127), 'Int8', 127],
    ['an Int16 that is none', int(70_000), 'Int16', 'misfit'],
    ['a UInt8 that is none', int(256), 'UInt8', 'misfit'],
    ['a UInt32', int(4_294_967_284), 'UInt32', 4_294_967_284],
    ['a UInt32 in the field of 64', long(4_294_967_284n), 'UInt32', 4_294_967_284],
    ['an Int64', long(2n ** 64n - 9_007_199_254_740_993n), 'Int64', '-9007199254740993'],
    ['a UInt64', long(2n ** 64n - 1n), 'UInt64', '18446744073709551615'],
    ['an Int64 that a double holds', long(42n), 'Int64', 42],
    ['a whole number as float, for an Int32', { field: 'float', value: 7 }, 'Int32', 7],
    ['a fraction for an Int32', { field: 'float', value: 7.5 }, 'Int32', 'misfit'],
    ['a Float', { field: 'float', value: 1.5 }, 'Float', 1.5],
    ['NaN', { field: 'float', value: Number.NaN }, 'Float', 'not_finite'],
    ['an infinity', { field: 'double', value: Number.NEGATIVE_INFINITY }, 'Double', 'not_finite'],
    ['a Double in the field of a Float', { field: 'float', value: 0.5 }, 'Double', 0.5],
    ['a Boolean', { field: 'boolean', value: true }, 'Boolean', true],
    ['a Boolean as number', int(1), 'Boolean', true],
    ['a text for a number', { field: 'string', value: '12' }, 'Int32', 'misfit'],
    ['a String that looks like a number', { field: 'string', value: '007' }, 'String', '007'],
    ['a DateTime', long(1_486_144_502_122n), 'DateTime', '2017-02-03T17:55:02.122Z'],
    ['a DateTime that no calendar has', long(2n ** 63n), 'DateTime', 'misfit'],
    ['Bytes', { field: 'bytes', value: Buffer.from([1, 2, 255]) }, 'Bytes', 'AQL/'],
    ['an Int8Array', { field: 'bytes', value: Buffer.from([0xef, 0x7b]) }, 'Int8Array', { items: [-17, 123] }],
    [
      'a UInt32Array',
      { field: 'bytes', value: Buffer.from([0x34, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff]) },
      'UInt32Array',
      { items: [52, 4_294_967_295] },
    ],
    // The example of the specification, 6.4.16.2: twelve booleans in two bytes.
    [
      'a BooleanArray',
      { field: 'bytes', value: Buffer.from([0x0c, 0, 0, 0, 0x34, 0xd0]) },
      'BooleanArray',
      { items: [false, false, true, true, false, true, false, false, true, true, false, true] },
    ],
    [
      'a StringArray',
      { field: 'bytes', value: Buffer.from('ABC\0hello\0') },
      'StringArray',
      { items: ['ABC', 'hello'] },
    ],
    [
      'a StringArray whose last text is not ended',
      { field: 'bytes', value: Buffer.from('ABC\0\0hello') },
      'StringArray',
      { items: ['ABC', '', 'hello'] },
    ],
    ['an array with half an item', { field: 'bytes', value: Buffer.alloc(5) }, 'Int32Array', 'misfit'],
    [
      'a BooleanArray that promises 2^32 items',
      { field: 'bytes', value: Buffer.alloc(5, 255) },
      'BooleanArray',
      'misfit',
    ],
  ])('%s', (_title, wire, datatype, expected) => {
    const read = readValue(wire, DATATYPES[datatype]);
    expect(read.kind === 'value' ? read.value : read.kind).toEqual(expected);
  });

  it('is not guessed where the datatype is not known', () => {
    expect(readValue(int(1), 99).kind).toBe('misfit');
    expect(readValue(int(1), null).kind).toBe('misfit');
  });
});

describe('a payload of ours', () => {
  const anything = fc.oneof(
    fc.record({ type: fc.constant('Int8' as const), value: fc.integer({ min: -128, max: 127 }) }),
    fc.record({ type: fc.constant('Int32' as const), value: fc.integer() }),
    fc.record({ type: fc.constant('UInt32' as const), value: fc.nat(0xffffffff) }),
    fc.record({ type: fc.constant('Double' as const), value: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    fc.record({ type: fc.constant('Boolean' as const), value: fc.boolean() }),
    fc.record({ type: fc.constant('String' as const), value: fc.string({ unit: 'grapheme' }) }),
    fc.record({
      type: fc.constant('Int64Array' as const),
      value: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
    }),
    fc.record({ type: fc.constant('BooleanArray' as const), value: fc.array(fc.boolean()) }),
    fc.record({ type: fc.constant('DoubleArray' as const), value: fc.array(fc.double({ noNaN: true })) }),
  );

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(anything), fc.nat(255), (metrics, seq) => {
        const sent = metrics.map((metric, index): MetricToSend => ({ ...metric, name: `m${index}`, alias: index }));
        const read = decoded(encodePayload({ timestamp: 1_700_000_000_000, seq, metrics: sent }));
        expect([read.timestamp, read.seq]).toEqual([1_700_000_000_000, seq]);
        expect(read.metrics.map((metric) => [metric.name, metric.alias, valueIn(metric)])).toEqual(
          sent.map(({ name, value }, index) => [name, String(index), Array.isArray(value) ? { items: value } : value]),
        );
      }),
    );
  });

  it('keeps what was not sent apart from what is 0', () => {
    const read = decoded(
      encodePayload({ seq: 0, metrics: [{ alias: 0, type: 'Int32', withoutDatatype: true, value: 0 }] }),
    );
    expect(read).toMatchObject({ timestamp: null, seq: 0 });
    expect(read.metrics[0]).toMatchObject({ name: null, alias: '0', datatype: null, isNull: false, value: int(0) });
    const nothing = decoded(encodePayload({ metrics: [{ name: 'a', type: 'Int32', historical: true, value: null }] }));
    expect(nothing.seq).toBeNull();
    expect(nothing.metrics[0]).toMatchObject({ alias: null, isNull: true, isHistorical: true, value: null });
  });

  it.each([
    [253_402_300_799_999, 253_402_300_799_999],
    [253_402_300_800_000, null],
    [1_767_592_800_123_000, null],
  ])('has the time %i only where it is one of milliseconds', (timestamp, expected) => {
    const read = decoded(encodePayload({ timestamp, metrics: [{ name: 'a', type: 'Int32', value: 1, timestamp }] }));
    expect([read.timestamp, read.metrics[0]!.timestamp]).toEqual([expected, expected]);
  });

  it('asks for a rebirth, and numbers births', () => {
    expect(asksForRebirth(decoded(rebirthCommand(1)))).toBe(true);
    const numbered = (type: DatatypeName) => decoded(encodePayload({ metrics: [{ name: 'bdSeq', type, value: 3 }] }));
    expect([bdSeqOf(numbered('Int64')), bdSeqOf(numbered('UInt64')), bdSeqOf(numbered('Int32'))]).toEqual([
      '3',
      '3',
      '3',
    ]);
    expect(bdSeqOf(decoded(rebirthCommand(1)))).toBeNull();
  });
});

describe('a payload of another encoder', () => {
  it('is read alike', () => {
    const metric = fc.oneof(
      fc.record({ type: fc.constantFrom('Int8' as const), value: fc.integer({ min: -128, max: 127 }) }),
      fc.record({ type: fc.constantFrom('Int16' as const), value: fc.integer({ min: -32_768, max: 32_767 }) }),
      fc.record({ type: fc.constantFrom('Int32' as const), value: fc.integer() }),
      fc.record({ type: fc.constantFrom('UInt32' as const), value: fc.nat(0xffffffff) }),
      fc.record({
        type: fc.constantFrom('Double' as const),
        value: fc.double({ noNaN: true, noDefaultInfinity: true }),
      }),
      fc.record({ type: fc.constantFrom('Boolean' as const), value: fc.boolean() }),
      fc.record({ type: fc.constantFrom('String' as const, 'Text' as const), value: fc.string() }),
    );
    fc.assert(
      fc.property(fc.array(metric), fc.nat(255), (metrics, seq) => {
        const sent = metrics.map((one, index) => ({ ...one, name: `m${index}`, timestamp: 5 }));
        const read = decoded(foreign.encodePayload({ timestamp: 6, seq, metrics: sent } as foreign.UPayload));
        expect([read.timestamp, read.seq]).toEqual([6, seq]);
        expect(read.metrics.map((one) => [one.name, one.timestamp, valueIn(one)])).toEqual(
          sent.map(({ name, value }) => [name, 5, value]),
        );
      }),
    );
  });

  it('with 64-bit numbers, data sets, templates, properties and metadata', () => {
    const read = decoded(
      foreign.encodePayload({
        timestamp: 1,
        seq: 0,
        metrics: [
          { name: 'big', type: 'UInt64', value: new util.Long(-1, -1, true) },
          { name: 'gone', type: 'Int32', value: null },
          {
            name: 'table',
            type: 'DataSet',
            value: { numOfColumns: 2, columns: ['a', 'b'], types: ['String', 'Double'], rows: [['x', 1.5]] },
          },
          {
            name: 'drive',
            type: 'Template',
            value: {
              version: '1',
              templateRef: 'Drive',
              isDefinition: false,
              metrics: [{ name: 'rpm', type: 'Int32', value: 900 }],
              parameters: [{ name: 'kind', type: 'String', value: 'servo' }],
            },
          },
          {
            name: 'length',
            type: 'Double',
            value: 2.5,
            properties: { engUnit: { type: 'String', value: 'mm' }, Quality: { type: 'Int32', value: 192 } },
            metadata: { isMultiPart: false, description: 'x' },
          },
        ],
      } as unknown as foreign.UPayload),
    );
    expect(read.metrics.filter(({ isNull }) => !isNull).map((metric) => valueIn(metric))).toEqual([
      '18446744073709551615',
      { columns: ['a', 'b'], types: ['String', 'Double'], rows: [['x', 1.5]] },
      { template: 'Drive', version: '1', parameters: { kind: 'servo' }, metrics: { rpm: 900 } },
      2.5,
    ]);
    const { properties } = read.metrics[4]!;
    expect(properties.get('engUnit')?.value).toEqual({ field: 'string', value: 'mm' });
    expect(properties.get('Quality')?.value).toEqual(int(192));
  });
});

describe('a payload that was compressed', () => {
  const inside = encodePayload({ timestamp: 5, metrics: [{ name: 'a', type: 'Int32', value: -12, timestamp: 4 }] });
  const around = (body: Buffer, algorithm?: string) =>
    decodePayload(
      foreign.encodePayload({
        uuid: 'SPBV1.0_COMPRESSED',
        seq: 7,
        body,
        metrics: algorithm === undefined ? [] : [{ name: 'algorithm', type: 'String', value: algorithm }],
      } as unknown as foreign.UPayload),
    );

  it.each([
    ['as by default', around(deflateSync(inside))],
    ['with DEFLATE', around(deflateSync(inside), 'DEFLATE')],
    ['with GZIP', around(gzipSync(inside), 'gzip')],
  ])('%s is the one in it, with the number of the one around it', (_, read) => {
    expect(read).toMatchObject({ kind: 'payload', payload: { timestamp: 5, seq: 7, metrics: [{ name: 'a' }] } });
  });

  it.each([
    ['otherwise', around(inside, 'LZ4'), 'decode_error'],
    ['and cut off', around(deflateSync(inside).subarray(0, 9)), 'decode_error'],
    ['from more than a message may have', around(deflateSync(Buffer.alloc(PAYLOAD_LIMITS.bytes + 1))), 'too_large'],
  ])('%s is refused', (_, read, code) => {
    expect(read).toMatchObject({ kind: 'refused', code });
  });
});

describe('bytes of anybody', () => {
  it('never throw', () => {
    const good = encodePayload({
      timestamp: 1,
      seq: 1,
      metrics: Array.from({ length: 20 }, (_, n) => ({ name: `m${n}`, type: 'Int32' as const, value: n })),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }),
          fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }).map((changes) => {
            const bytes = Buffer.from(good);
            for (const [at, byte] of changes) bytes[at] = byte;
            return bytes;
          }),
          fc.nat(good.length).map((length) => good.subarray(0, length)),
        ),
        (bytes) => {
          const read = decodePayload(bytes);
          if (read.kind === 'payload')
            for (const metric of read.payload.metrics)
              if (metric.value !== null) readValue(metric.value, metric.datatype);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  it.each([
    ['JSON', Buffer.from('{"timestamp":1,"metrics":[]}'), 'decode_error'],
    [
      'a frame that was cut off',
      encodePayload({ metrics: [{ name: 'abc', type: 'Int32', value: 1 }] }).subarray(0, 5),
      'decode_error',
    ],
    ['more bytes than a message may have', Buffer.alloc(PAYLOAD_LIMITS.bytes + 1), 'too_large'],
    [
      'more metrics than a message may have',
      Buffer.from('1200'.repeat(PAYLOAD_LIMITS.metrics + 1), 'hex'),
      'too_large',
    ],
    ['templates in templates', nested(12), 'too_large'],
    ['templates in templates without an end', nested(4_000), 'decode_error'],
  ])('%s is refused', (_title, bytes, code) => {
    expect(decodePayload(bytes)).toMatchObject({ kind: 'refused', code });
  });
});

/** A metric that is a template that has a metric that is a template, so often. */
function nested(levels: number): Buffer {
  let bytes: Buffer = Buffer.alloc(0);
  const inside = (tag: readonly number[]) => {
    const length = bytes.length;
    bytes = Buffer.concat([
      Buffer.from([...tag, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, (length >> 14) & 0x7f]),
      bytes,
    ]);
  };
  for (let level = 0; level < levels; level++) {
    inside([0x92, 0x01]);
    inside([0x12]);
  }
  return bytes;
}
