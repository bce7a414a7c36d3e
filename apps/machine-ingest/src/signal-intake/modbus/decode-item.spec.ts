import fc from 'fast-check';
import { decodeItem } from './decode-item';
import { itemsOf, ORDERS } from './modbus-item';
import { modbusSettings } from './modbus-settings';

const itemOf = (written: object) => {
  const device = { machine: 'M', items: [{ path: 'p', table: 'holding', address: 0, ...written }] };
  const settings = modbusSettings.parse({ host: 'h', devices: [device] });
  return itemsOf(settings.devices[0]!, 0)[0]!;
};
const read = (written: object, hex: string) =>
  decodeItem(itemOf(written), 0, Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const good = (value: unknown) => ({ value, quality: 'good', qualityCode: null });

describe('an item out of its registers', () => {
  it.each<[object, string, unknown]>([
    [{ type: 'int16' }, 'ff85', -123],
    [{ type: 'uint16' }, 'ff85', 65_413],
    [{ type: 'uint16', order: 'BADC' }, '85ff', 65_413],
    [{ type: 'int32', order: 'ABCD' }, '11223344', 0x11223344],
    [{ type: 'int32', order: 'BADC' }, '22114433', 0x11223344],
    [{ type: 'int32', order: 'CDAB' }, '33441122', 0x11223344],
    [{ type: 'int32', order: 'DCBA' }, '44332211', 0x11223344],
    [{ type: 'int32', order: 'ABCD' }, 'ffffffff', -1],
    [{ type: 'uint32', order: 'ABCD' }, 'ffffffff', 4_294_967_295],
    [{ type: 'uint32', order: 'CDAB' }, '0000 ffff', 4_294_901_760],
    [{ type: 'int64', order: 'ABCD' }, 'ffffffffffffffff', '-1'],
    [{ type: 'int64', order: 'CDAB' }, '7788 5566 3344 1122', String(0x1122334455667788n)],
    [{ type: 'int64', order: 'BADC' }, '2211 4433 6655 8877', String(0x1122334455667788n)],
    [{ type: 'int64', order: 'DCBA' }, '8877 6655 4433 2211', String(0x1122334455667788n)],
    [{ type: 'uint64', order: 'ABCD' }, '0020000000000001', '9007199254740993'],
    [{ type: 'uint64', order: 'ABCD' }, 'ffffffffffffffff', '18446744073709551615'],
    [{ type: 'uint64', order: 'ABCD' }, '0000000000000007', '7'],
    [{ type: 'float32', order: 'ABCD' }, '4183617c', 16.4226],
    [{ type: 'float32', order: 'CDAB' }, '617c4183', 16.4226],
    [{ type: 'float32', order: 'ABCD' }, '80000000', 0],
    [{ type: 'float32', order: 'ABCD' }, '7f7fffff', 3.4028235e38],
    [{ type: 'float32', order: 'ABCD' }, '00000001', 1.4013e-45],
    [{ type: 'float64', order: 'ABCD' }, '400921fb54442d18', Math.PI],
    [{ type: 'float64', order: 'DCBA' }, '182d4454fb210940', Math.PI],
    [{ type: 'float64', order: 'ABCD' }, '8000000000000000', 0],
    [{ type: 'bool', bit: 0 }, '0001', true],
    [{ type: 'bool', bit: 15 }, '8000', true],
    [{ type: 'bool', bit: 8 }, 'feff', false],
    [{ type: 'string', length: 3 }, '4142 4344 4500', 'ABCDE'],
    [{ type: 'string', length: 3, order: 'BADC' }, '4241 4443 0045', 'ABCDE'],
    [{ type: 'string', length: 3 }, '0041 4243 4445', ''],
    [{ type: 'string', length: 2 }, '4120 2020', 'A'],
    [{ type: 'string', length: 2 }, 'c3a4 c39f', 'äß'],
    [{ type: 'string', length: 2 }, 'e4df 00ff', 'äß'],
    [{ type: 'string', length: 2 }, '0102 7f22', '\x01\x02\x7f"'],
  ])('%j of %s is %s', (written, hex, value) => {
    const reading = read(written, hex);
    expect(reading).toEqual(good(value));
    expect(Object.is(reading.value, -0)).toBe(false);
  });

  it.each<[object, string, unknown]>([
    [{ type: 'uint16', scale: 0.1 }, '04d2', 123.4],
    [{ type: 'uint16', scale: '0.1' }, '0003', 0.3],
    [{ type: 'int16', scale: '0.01', offset: -273.15 }, '6ab3', 0],
    [{ type: 'int16', scale: -1 }, '8000', 32_768],
    [{ type: 'uint16', offset: 1000 }, '0001', 1_001],
    [{ type: 'float32', order: 'ABCD', scale: 25.4 }, '4183617c', 417.13404],
    [{ type: 'uint32', order: 'ABCD', scale: '1e-3' }, '000f4240', 1_000],
    // beyond what a double holds the digits stand as they are
    [{ type: 'uint64', order: 'ABCD', scale: '0.001' }, 'ffffffffffffffff', '18446744073709551.615'],
    [{ type: 'int64', order: 'ABCD', scale: '0.001' }, '8000000000000000', '-9223372036854775.808'],
    [{ type: 'uint64', order: 'ABCD', scale: 10 }, '0020000000000001', '90071992547409930'],
  ])('%j scaled from %s is %s, exactly', (written, hex, value) => {
    expect(read(written, hex)).toEqual(good(value));
  });

  it.each<[object, string, string]>([
    [{ type: 'float32', order: 'ABCD' }, '7fc00000', 'mb:NaN'],
    [{ type: 'float32', order: 'ABCD', scale: 2 }, 'ffc00001', 'mb:NaN'],
    [{ type: 'float32', order: 'CDAB' }, '00007f80', 'mb:Infinity'],
    [{ type: 'float64', order: 'ABCD' }, 'fff0000000000000', 'mb:Infinity'],
  ])('%j of %s is no number', (written, hex, qualityCode) => {
    expect(read(written, hex)).toEqual({ value: null, quality: 'bad', qualityCode });
  });

  it('finds a bit where the read began before it', () => {
    const coil = itemOf({ table: 'coil', address: 29 });
    expect(decodeItem(coil, 19, Buffer.from([0xcd, 0x04]))).toEqual(good(true));
    expect(decodeItem({ ...coil, address: 28 }, 19, Buffer.from([0xcd, 0x04]))).toEqual(good(false));
    expect(decodeItem({ ...coil, address: 19 }, 19, Buffer.from([0xcd, 0x04]))).toEqual(good(true));
  });

  it('reads what was written, in each order', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.constantFrom(...ORDERS),
        fc.nat(5),
        (value, order, before) => {
          const canonical = Buffer.alloc(8);
          canonical.writeBigInt64BE(value);
          const words = [0, 2, 4, 6].map((at) => canonical.subarray(at, at + 2));
          const inRegisters = order === 'CDAB' || order === 'DCBA' ? words.toReversed() : words;
          const bytes = Buffer.concat([Buffer.alloc(before * 2, 0xaa), ...inRegisters]);
          if (order === 'BADC' || order === 'DCBA') bytes.swap16();
          const item = { ...itemOf({ type: 'int64', order }), address: 1_000 + before };
          expect(decodeItem(item, 1_000, bytes).value).toBe(String(value));
        },
      ),
    );
  });
});
