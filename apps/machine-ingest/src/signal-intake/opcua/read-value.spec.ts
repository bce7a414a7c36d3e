import fc from 'fast-check';
import { DataType, DataValue, StatusCode, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client';
import { shortestFloat } from '../shortest-float';
import { readDataValue } from './read-value';

const read = (dataType: DataType, value: unknown, more: object = {}) =>
  readDataValue(
    new DataValue({
      value: new Variant({ dataType, arrayType: VariantArrayType.Scalar, value }),
      statusCode: StatusCodes.Good,
      ...more,
    }),
  );
const status = (value: number): StatusCode => ({ value }) as StatusCode;

describe('a value of OPC UA', () => {
  it.each<[string, DataType, unknown, unknown, string]>([
    ['Boolean', DataType.Boolean, true, true, 'bool'],
    ['SByte', DataType.SByte, -3, -3, 'int64'],
    ['UInt32', DataType.UInt32, 4_294_967_295, 4_294_967_295, 'uint64'],
    ['Int64', DataType.Int64, [0x7fffffff, 0xffffffff], '9223372036854775807', 'int64'],
    ['Int64 below 0', DataType.Int64, [0xffffffff, 0xfffffffe], '-2', 'int64'],
    ['UInt64', DataType.UInt64, [0xffffffff, 0xffffffff], '18446744073709551615', 'uint64'],
    ['Float', DataType.Float, Math.fround(16.4226), 16.4226, 'float'],
    ['Double', DataType.Double, 0.1, 0.1, 'double'],
    ['String', DataType.String, '007', '007', 'string'],
    ['DateTime', DataType.DateTime, new Date('2026-01-02T03:04:05.678Z'), '2026-01-02T03:04:05.678Z', 'datetime'],
    ['LocalizedText', DataType.LocalizedText, { locale: 'de', text: 'Läuft' }, 'Läuft', 'string'],
    ['ByteString', DataType.ByteString, Buffer.from([1, 2, 3]), 'AQID', 'string'],
  ])('%s keeps what it is', (_, dataType, value, expected, type) => {
    expect(read(dataType, value)).toMatchObject({ value: expected, type, quality: 'good', qualityCode: null });
  });

  it('is an object where it is an array', () => {
    const arrayType = VariantArrayType.Array;
    const of = (dataType: DataType, value: unknown) =>
      readDataValue(new DataValue({ value: new Variant({ dataType, arrayType, value }) }));
    expect(of(DataType.Double, new Float64Array([1, Number.NaN]))).toMatchObject({
      value: { values: [1, null] },
      type: 'json',
    });
    expect(of(DataType.Int64, [[0, 5]])).toMatchObject({ value: { values: ['5'] } });
  });

  it.each([
    [Number.NaN, 'ua:NaN'],
    [Number.POSITIVE_INFINITY, 'ua:Infinity'],
    [Number.NEGATIVE_INFINITY, 'ua:Infinity'],
  ])('%s is no value, and never 0', (value, qualityCode) => {
    for (const type of [DataType.Double, DataType.Float])
      expect(read(type, value)).toMatchObject({ value: null, quality: 'bad', qualityCode });
  });

  it.each<[number, string, string | null, boolean, unknown]>([
    [0x00000000, 'good', null, false, 7],
    [0x00000480, 'good', 'ua:0x00000480', true, 7],
    [0x00a60000, 'good', 'ua:0x00A60000', false, 7],
    [0x40000000, 'uncertain', 'ua:0x40000000', false, 7],
    [0x80000000, 'bad', 'ua:0x80000000', false, null],
    [0x80340000, 'bad', 'ua:0x80340000', false, null],
    [0x80350480, 'bad', 'ua:0x80350480', true, null],
  ])('status 0x%s has its quality by the bits of severity', (code, quality, qualityCode, overflow, value) => {
    const dataValue = new DataValue({ value: new Variant({ dataType: DataType.Double, value: 7 }) });
    dataValue.statusCode = status(code);
    expect(readDataValue(dataValue)).toMatchObject({ quality, qualityCode, overflow, value });
  });

  it('may have one stamp, the other, both to 100 ns, or none', () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    expect(read(DataType.Double, 1)).toMatchObject({ sourceTs: null, serverTs: null });
    expect(read(DataType.Double, 1, { sourceTimestamp: at })).toMatchObject({
      sourceTs: '2026-01-02T03:04:05.678Z',
      serverTs: null,
    });
    expect(read(DataType.Double, 1, { serverTimestamp: at, serverPicoseconds: 901_200_000 })).toMatchObject({
      sourceTs: null,
      serverTs: '2026-01-02T03:04:05.6789012Z',
    });
  });

  it.each([new Date('+010000-01-01T00:00:00.000Z'), new Date('-000001-12-31T00:00:00.000Z')])(
    'has no stamp where that has no year of four digits, as RFC 3339 wants it: %s',
    (at) => {
      const stamped = read(DataType.Double, 1, {
        sourceTimestamp: at,
        serverTimestamp: at,
        serverPicoseconds: 500_000,
      });
      expect(stamped).toMatchObject({ value: 1, quality: 'good', sourceTs: null, serverTs: null });
      expect(read(DataType.DateTime, at)).toMatchObject({ value: null, type: 'datetime' });
    },
  );

  it('that is too long for a signal is none', () => {
    expect(read(DataType.String, 'x'.repeat(70_000))).toMatchObject({
      value: null,
      quality: 'bad',
      qualityCode: 'ua:too_long',
    });
  });

  it('of 32 bits is the shortest decimal that stands for it', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.fround(shortestFloat(value)) === value).toBe(true);
      }),
    );
  });
});
