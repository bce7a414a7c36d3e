import fc from 'fast-check';
import { ByteWriter, varintWidth } from './byte-writer';

const Encoder = require('kafkajs/src/protocol/encoder') as new () => KafkajsEncoder;

interface KafkajsEncoder {
  readonly buffer: Buffer;
  writeInt64(value: number | string): KafkajsEncoder;
  writeVarLong(value: number): KafkajsEncoder;
  writeVarIntBytes(value: Buffer | string): KafkajsEncoder;
  writeString(value: string): KafkajsEncoder;
}

const written = (write: (writer: ByteWriter) => void): Buffer => {
  const writer = new ByteWriter(1);
  write(writer);
  return Buffer.from(writer.view());
};
const kafkajs = (write: (encoder: KafkajsEncoder) => KafkajsEncoder): Buffer => write(new Encoder()).buffer;
const EDGES = [0, 1, 63, 64, 127, 128, 8191, 8192, 2 ** 20 - 1, 2 ** 20, 2 ** 27, 2 ** 30, 2 ** 31, 2 ** 40, 2 ** 52];

describe('what is written', () => {
  test.each(EDGES)('varint %d as kafkajs writes it, in the width that is foretold', (value) => {
    const bytes = written((writer) => writer.varint(value));
    expect(bytes).toEqual(kafkajs((encoder) => encoder.writeVarLong(value)));
    if (value < 2 ** 31) expect(varintWidth(value)).toBe(bytes.length);
  });

  test.each([...EDGES, -1, -2, -(2 ** 40)])('int64 %d', (value) => {
    expect(written((writer) => writer.int64(value))).toEqual(kafkajs((encoder) => encoder.writeInt64(value)));
    expect(written((writer) => writer.bigInt64(BigInt(value)))).toEqual(written((writer) => writer.int64(value)));
  });

  test('texts and bytes of any length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.boolean(), (some, long) => {
        const text = long ? some.repeat(50) : some;
        const bytes = Buffer.from(text);
        const expected = kafkajs((encoder) => encoder.writeVarIntBytes(text));
        expect(written((writer) => writer.varText(text))).toEqual(expected);
        expect(written((writer) => writer.varBytes(bytes))).toEqual(expected);
        expect(written((writer) => writer.text(text))).toEqual(kafkajs((encoder) => encoder.writeString(text)));
      }),
    );
  });

  test.each([
    ['as wide as foretold', 2, 100],
    ['wider', 1, 100],
    ['narrower', 3, 5],
    ['much wider', 1, 2 ** 21],
  ])('a varint that is filled in later, %s, leaves what follows it as it is', (_what, width, value) => {
    const bytes = written((writer) => {
      writer.int8(7);
      const at = writer.length;
      writer.skip(width);
      writer.varText('what follows');
      writer.varintAt(at, width, value);
      writer.int8(8);
    });
    const expected = written((writer) => {
      writer.int8(7);
      writer.varint(value);
      writer.varText('what follows');
      writer.int8(8);
    });
    expect(bytes).toEqual(expected);
  });
});
