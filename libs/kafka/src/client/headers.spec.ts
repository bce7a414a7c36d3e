import fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { fromKafka, readHeaders, toKafka } from './headers';

// kafkajs' own record codec: the format between our two sides
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => { buffer: Buffer };
const decodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/decoder') as (
  decoder: object,
  context: object,
) => KafkaMessage;
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => { readVarIntBytes(): Buffer };

const throughKafka = (record: object): KafkaMessage =>
  decodeRecord(new Decoder(new Decoder(encodeRecord(record).buffer).readVarIntBytes()), {
    firstOffset: '7',
    firstTimestamp: '1000',
  });

const names = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', 'toString', '1', ''));

describe('K19: the header codec', () => {
  test('any message comes back as it went', () => {
    fc.assert(
      fc.property(
        fc.option(fc.string({ unit: 'binary' })),
        fc.option(fc.uint8Array()),
        fc.array(fc.tuple(names, fc.string({ unit: 'binary' }))),
        (key, value, entries) => {
          const headers = Object.fromEntries(entries);
          const sent = toKafka({ topic: 't', key, value: value === null ? null : Buffer.from(value), headers });
          const read = fromKafka('t', 3, throughKafka(sent));
          expect(read.key?.toString('utf8') ?? null).toBe(key);
          expect(read.value === null ? null : new Uint8Array(read.value)).toEqual(
            value === null ? null : new Uint8Array(value),
          );
          expect(
            Object.entries(read.headers)
              .map(([name, bytes]) => [name, bytes.toString('utf8')])
              .sort(),
          ).toEqual(Object.entries(headers).sort());
          expect([read.topic, read.partition, read.offset, read.timestamp]).toEqual(['t', 3, 7n, 1000]);
        },
      ),
    );
  });

  test('of a repeated header the last value counts', () => {
    const read = throughKafka({ key: null, value: null, headers: { a: ['1', '2', '3'], b: 'x' } });
    expect(readHeaders(read.headers)).toEqual({ a: Buffer.from('3'), b: Buffer.from('x') });
  });

  test.each<[string, Parameters<typeof readHeaders>[0], object]>([
    ['none', undefined, {}],
    ['a null value', { a: null as unknown as Buffer }, { a: Buffer.alloc(0) }],
    ['a null value after another', { a: [Buffer.from('1'), null as unknown as Buffer] }, { a: Buffer.alloc(0) }],
    ['text', { a: 'ü' }, { a: Buffer.from('ü') }],
  ])('%s', (_what, headers, expected) => {
    expect(readHeaders(headers)).toEqual(expected);
  });
});
