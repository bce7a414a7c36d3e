import fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { registerKafkajsCodecs } from '../test-support/kafkajs-codecs';
import { ByteWriter } from './byte-writer';
import { CODECS, type CodecName, type Compression } from './codecs';
import { type AbortedTransaction, type FetchedMessage, readRecords } from './record-batch-reader';
import { type BatchToWrite, type RecordToWrite, writeRecordBatch } from './record-batch-writer';

// kafkajs' own encoder and decoder, to which ours are held
const kafkajsRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => object;
const { RecordBatch: kafkajsBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch(batch: object): Promise<{ buffer: Buffer }>;
};
const kafkajsDecode = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: object,
) => Promise<{ records: KafkaMessage[]; producerId: string; producerEpoch: number; firstSequence: number }>;
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;

const NOW = 1_790_000_000_000;
const CODEC_NAMES = Object.keys(CODECS) as CodecName[];
const ATTRIBUTES_AT = 21;

beforeAll(registerKafkajsCodecs);

const written = (records: readonly RecordToWrite[], settings: Partial<BatchToWrite> = {}): Buffer => {
  const writer = new ByteWriter(1);
  writer.int32(7); // a batch begins anywhere in its request
  writeRecordBatch(writer, {
    records,
    timestamp: NOW,
    producerId: 4_000_000_001n,
    producerEpoch: 3,
    baseSequence: 77,
    compression: 'none',
    ...settings,
  });
  return Buffer.from(writer.view(4));
};

const byKafkajs = async (records: readonly RecordToWrite[], compression = 0): Promise<Buffer> => {
  const times = records.map(({ timestamp = NOW }) => timestamp);
  const firstTimestamp = Math.min(...times);
  const { buffer } = await kafkajsBatch({
    compression,
    records: records.map((record, offsetDelta) =>
      kafkajsRecord({ ...record, offsetDelta, timestampDelta: times[offsetDelta]! - firstTimestamp }),
    ),
    firstTimestamp,
    maxTimestamp: Math.max(...times),
    producerId: '4000000001',
    producerEpoch: 3,
    firstSequence: 77,
    lastOffsetDelta: records.length - 1,
  });
  return buffer;
};

const read = (bytes: Buffer, from = 0, aborted: AbortedTransaction[] = []) =>
  readRecords({ topic: 't', partition: 3, bytes, aborted }, from);

/** Bytes as text, one character each, which jest compares much faster. */
const bytesOf = (value: string | Uint8Array | null): string | null =>
  value === null ? null : Buffer.from(value).toString('latin1');

const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '1', '', 'traceparent', 'x'.repeat(70)),
);
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', minLength: 20, maxLength: 300 }),
  fc.constantFrom('', 'a'.repeat(63), 'a'.repeat(64), 'ä'.repeat(63), 'x'.repeat(9_000), '\ud800'),
);
const blobs = fc.oneof(
  fc.uint8Array(),
  fc.constantFrom(0, 63, 64, 8_191, 8_192, 20_000).map((length) => new Uint8Array(length).fill(length)),
);
const records = fc.array(
  fc.record(
    {
      key: fc.option(fc.oneof(texts, blobs.map(Buffer.from))),
      value: fc.option(fc.oneof(texts, blobs.map(Buffer.from))),
      headers: fc
        .array(fc.tuple(names, fc.oneof(texts, blobs.map(Buffer.from))), { maxLength: 100 })
        .map((entries) => Object.fromEntries(entries)),
      timestamp: fc.integer({ min: NOW - 2 ** 40, max: NOW + 2 ** 40 }),
    },
    { requiredKeys: ['key', 'value', 'headers'] },
  ),
  { minLength: 1, maxLength: 12 },
) as fc.Arbitrary<RecordToWrite[]>;

const expectSame = (found: readonly FetchedMessage[], sent: readonly RecordToWrite[]): void => {
  expect(found.map(({ key, value }) => [bytesOf(key), bytesOf(value)])).toEqual(
    sent.map(({ key, value }) => [bytesOf(key), bytesOf(value)]),
  );
  expect(found.map(({ headers }) => entriesOf(headers))).toEqual(sent.map(({ headers }) => entriesOf(headers)));
  expect(found.map(({ timestamp }) => timestamp)).toEqual(sent.map(({ timestamp = NOW }) => timestamp));
  expect(found.map(({ offset }) => offset)).toEqual(sent.map((_, index) => BigInt(index)));
};

/** Names as they come back from UTF-8, from which a lone surrogate does not. */
const entriesOf = (headers: RecordToWrite['headers']): [string, string | null][] =>
  Object.entries(headers).map(([name, value]) => [Buffer.from(name).toString(), bytesOf(value)]);

describe('a batch that we write', () => {
  test('is byte for byte what kafkajs writes', async () => {
    await fc.assert(
      fc.asyncProperty(records, async (some) => {
        expect(written(some).equals(await byKafkajs(some))).toBe(true);
      }),
    );
  });

  test('of a size that no short varint tells', async () => {
    const some: RecordToWrite[] = [
      { key: 'k', value: Buffer.alloc(3_000_000, 7), headers: {} },
      { key: null, value: null, headers: Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`h${n}`, 'v'])) },
      { key: null, value: '', headers: { long: 'é'.repeat(700_000) } },
    ];
    expect(written(some).equals(await byKafkajs(some))).toBe(true);
  });

  test.each<Compression>(['none', 'auto', ...CODEC_NAMES])('is read by kafkajs and by us, %s', async (compression) => {
    await fc.assert(
      fc.asyncProperty(records, async (some) => {
        const bytes = written(some, { compression });
        expectSame(read(bytes).messages, some);
        const theirs = await kafkajsDecode(new Decoder(bytes));
        expect(theirs).toMatchObject({ producerId: '4000000001', producerEpoch: 3, firstSequence: 77 });
        expect(theirs.records.map(({ key, value }) => [bytesOf(key), bytesOf(value)])).toEqual(
          some.map(({ key, value }) => [bytesOf(key), bytesOf(value)]),
        );
        expect(theirs.records.map(({ timestamp }) => Number(timestamp))).toEqual(
          some.map(({ timestamp = NOW }) => timestamp),
        );
      }),
      { numRuns: 30 },
    );
  });

  test.each<[Compression, bytes: number, codec: CodecName | null]>([
    ['none', 500_000, null],
    ['auto', 1_000, null],
    ['auto', 10_000, 'lz4'],
    ['auto', 100_000, 'zstd'],
    ...CODEC_NAMES.flatMap((name): [Compression, number, CodecName | null][] => [
      [name, 1_000, null],
      [name, 10_000, name],
      [name, 100_000, name],
    ]),
  ])('with %s of %d bytes is compressed with %s', (compression, bytes, name) => {
    const value = Buffer.alloc(bytes, 'the same again ');
    const batch = written([{ key: null, value, headers: {} }], { compression });
    expect(batch.readInt16BE(ATTRIBUTES_AT)).toBe(name === null ? 0 : CODECS[name].attribute);
  });

  const noise = (bytes: number, alphabet: number): Buffer => {
    let seed = 1;
    const noisy = Buffer.alloc(bytes);
    for (let at = 0; at < bytes; at++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      noisy[at] = 40 + ((seed >>> 16) % alphabet);
    }
    return noisy;
  };

  test.each(CODEC_NAMES)('is not larger for %s', (compression) => {
    const some = [{ key: null, value: noise(5_000, 256), headers: {} }];
    expect(written(some, { compression })).toEqual(written(some));
  });

  test.each([5_000, 100_000])('is left as it is where %d bytes are dense, unless a codec is asked for', (bytes) => {
    const some = [{ key: null, value: noise(bytes, 64), headers: {} }];
    expect(written(some, { compression: 'auto' })).toEqual(written(some));
    expect(written(some, { compression: 'zstd' }).length).toBeLessThan(bytes * 0.9);
  });

  test.each<[string, object]>([
    ['a value that is no bytes', { key: null, value: 7, headers: {} }],
    ['a value that is not there', { key: null, headers: {} }],
    ['a header that is not there', { key: null, value: null, headers: { a: undefined } }],
    ['a header that is an object', { key: null, value: null, headers: { a: {} } }],
  ])('holds no record with %s', (_what, record) => {
    expect(() => written([record as RecordToWrite])).toThrow(TypeError);
  });
});

describe('a batch that we read', () => {
  test.each(['none', ...CODEC_NAMES] as const)('may be of kafkajs, %s', async (name) => {
    await fc.assert(
      fc.asyncProperty(records, async (some) => {
        expectSame(read(await byKafkajs(some, name === 'none' ? 0 : CODECS[name].attribute)).messages, some);
      }),
      { numRuns: 30 },
    );
  });

  const record = (value: string, headers = {}): RecordToWrite => ({ key: null, value, headers });
  const values = (messages: readonly FetchedMessage[]): string[] => messages.map(({ value }) => String(value));
  const at = (offset: number, batch: Buffer): Buffer => {
    batch.writeBigInt64BE(BigInt(offset), 0);
    return batch;
  };
  const attributed = (bits: number, batch: Buffer): Buffer => {
    batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | bits, ATTRIBUTES_AT);
    return batch;
  };

  test('gives its records from the asked offset on, and where to go on', () => {
    const log = Buffer.concat([
      at(10, written([record('a'), record('b'), record('c')])),
      at(20, written([record('d')])),
    ]);
    expect(read(log, 11)).toMatchObject({ next: 21 });
    expect(read(log, 11).messages.map(({ offset, value }) => [offset, String(value)])).toEqual([
      [11n, 'b'],
      [12n, 'c'],
      [20n, 'd'],
    ]);
    expect(read(log, 30)).toEqual({ messages: [], next: 30 });
    expect(read(Buffer.alloc(0), 5)).toEqual({ messages: [], next: 5 });
  });

  test('is left for the next fetch when it is cut off, anywhere', () => {
    const whole = at(10, written([record('a'), record('b')]));
    const log = Buffer.concat([whole, at(12, written([record('c')]))]);
    for (let length = whole.length; length < log.length; length++)
      expect(read(log.subarray(0, length), 10)).toMatchObject({
        messages: [{ position: 10 }, { position: 11 }],
        next: 12,
      });
    expect(read(log, 10).next).toBe(13);
  });

  test('is passed over when compaction has left no record in it', () => {
    const emptied = at(10, written([record('a'), record('b')]));
    emptied.writeInt32BE(0, 57);
    expect(read(emptied, 10)).toEqual({ messages: [], next: 12 });
  });

  test('has the time of its append, where the log says so', () => {
    const bytes = attributed(
      8,
      written([
        { ...record('a'), timestamp: 5 },
        { ...record('b'), timestamp: 9 },
      ]),
    );
    expect(read(bytes).messages.map(({ timestamp }) => timestamp)).toEqual([9, 9]);
  });

  test('of an aborted transaction is not read, and markers never are', () => {
    const transactional = (producerId: bigint, value: string): Buffer =>
      attributed(16, written([record(value)], { producerId }));
    const marker = (producerId: bigint, type: 0 | 1): Buffer =>
      attributed(48, written([{ key: Buffer.from([0, 0, 0, type]), value: 'm', headers: {} }], { producerId }));
    const log = Buffer.concat([
      at(0, transactional(1n, 'aborted')),
      at(1, transactional(2n, 'of another')),
      at(2, written([record('plain')], { producerId: 1n })),
      at(3, transactional(1n, 'aborted too')),
      at(4, marker(1n, 0)),
      at(5, transactional(1n, 'of the next transaction')),
      at(6, marker(1n, 1)),
      at(7, marker(2n, 1)),
      at(8, transactional(2n, 'aborted at last')),
    ]);
    const { messages, next } = read(log, 0, [
      { producerId: 2n, firstOffset: 8 },
      { producerId: 1n, firstOffset: 0 },
    ]);
    expect(values(messages)).toEqual(['of another', 'plain', 'of the next transaction']);
    expect(next).toBe(9);
  });

  test('K19: of a repeated header the last value counts, and a null value is empty', async () => {
    const bytes = await byKafkajs([record('x', { a: ['1', '2', '3'], b: 'y' })]);
    expect(read(bytes).messages[0]!.headers).toEqual({ a: Buffer.from('3'), b: Buffer.from('y') });
    const nulled = written([record('x', { a: 'v' })]);
    // the last two bytes are the header's length and its one byte
    nulled.writeInt8(1, nulled.length - 2);
    expect(read(nulled).messages[0]!.headers).toEqual({ a: Buffer.alloc(0) });
  });

  test.each<[string, (batch: Buffer) => unknown, RegExp]>([
    ['an older message format', (batch) => batch.writeInt8(1, 16), /t\/3 .* format v1 at offset 0/],
    ['a codec that does not exist', (batch) => attributed(6, batch), /codec 6/],
    ['fewer bytes than it tells', (batch) => batch.writeInt32BE(3, 57), /cut off/],
  ])('with %s is an error', (_what, spoil, message) => {
    const batch = written([record('a')]);
    spoil(batch);
    expect(() => read(batch)).toThrow(message);
  });
});
