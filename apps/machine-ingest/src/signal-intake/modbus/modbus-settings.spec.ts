import { writeRational } from '@millrace/domain';
import { plainWords } from '@millrace/protocol';
import { z } from 'zod';
import { itemsOf } from './modbus-item';
import { machinesOf, modbusSettings } from './modbus-settings';
import { readReference } from './register-reference';

const ITEM = { path: 'p', table: 'holding', address: 0, type: 'uint16' };
const of = (...items: object[]) => ({ host: 'h', devices: [{ machine: 'M', items }] });
const wrongIn = (settings: object) => {
  const read = modbusSettings.safeParse(settings, { error: plainWords });
  return read.success ? [] : read.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
};
/** Of an item that has these members instead of the plain ones; undefined takes one away. */
const wrongItem = (members: object) =>
  wrongIn(of({ ...ITEM, ...members })).map((text) => text.replace('devices.0.items.0.', ''));

describe('settings of a Modbus source', () => {
  it.each<[string, object, string]>([
    ['no table', { table: undefined }, 'table needs a table (coil, discrete, input, holding) and an address from 0'],
    ['no address', { address: undefined }, 'address needs an address from 0, beside the table'],
    ['an address as manuals have it', { address: '40001' }, 'address must be a whole number, the address from 0'],
    ['an address above the last', { address: 65_536 }, 'address must be at most 65535'],
    ['both an address and a reference', { reference: '40001' }, 'reference goes without table and address'],
    [
      'a value that leads beyond the last address',
      { address: 65_535, type: 'uint32', order: 'ABCD' },
      'address leads beyond',
    ],
    ['no type', { type: undefined }, 'type is missing; it must be bool, int16'],
    ['a number in a coil', { table: 'coil' }, 'type must be bool, or left out: a coil is one bit'],
    ['a bool without its bit', { type: 'bool' }, 'bit must say which bit of the register is meant: 0'],
    ['a bit of a number', { bit: 3 }, 'bit is for a bool in a register'],
    ['a bit of a coil', { table: 'coil', type: 'bool', bit: 3 }, 'bit is for a bool in a register'],
    ['text without a length', { type: 'string' }, 'length must say how many registers the text has'],
    ['a number with a length', { length: 2 }, 'length is for a string'],
    [
      'a wide number without its order',
      { type: 'float32' },
      'order must say in which order the bytes of a float32 come',
    ],
    ['an order of words where there is one', { order: 'CDAB' }, 'order must be ABCD or BADC'],
    ['an order of words for text', { type: 'string', length: 2, order: 'DCBA' }, 'order must be ABCD or BADC'],
    ['an order of a bit', { type: 'bool', bit: 0, order: 'ABCD' }, 'order is for numbers and text'],
    ['a scale of text', { type: 'string', length: 2, scale: 2 }, 'scale is for numbers'],
    ['an offset of a bit', { type: 'bool', bit: 0, offset: 2 }, 'offset is for numbers'],
    ['a scale of 0', { scale: '0.0' }, 'scale must not be 0'],
    ['a scale that does not end', { scale: '1/3' }, 'a fraction that is one, "1/10". One whose digits do not end'],
    ['a scale by nothing', { scale: '1/0' }, 'scale must be a decimal number'],
    ['an offset that is no number', { offset: 'a/b' }, 'offset must be a decimal number'],
    [
      'a reference of another length',
      { reference: '4001', table: undefined, address: undefined },
      'reference must be five',
    ],
    [
      'a unit that is none',
      { unit: 'degC' },
      "unit must be a UCUM code: 'degC' is no UCUM unit that is known here; did you mean 'Cel'?",
    ],
    ['a path of Millrace’s own', { path: '$lifecycle' }, 'path must not begin with $'],
  ])('refuse %s', (_, members, sentence) => {
    expect(wrongItem(members)).toEqual([expect.stringContaining(sentence)]);
  });

  it.each([
    ['127.0.0.1:15502', 'host must be the host alone: the number after the colon goes into port'],
    ['plc.local:502', 'host must be the host alone: the number after the colon goes into port'],
    ['tcp://10.1.2.3', 'host must be a host name or an address, without tcp://'],
    ['[::1]', 'host must be a host name or an address, without tcp:// before it and brackets around it'],
  ])('refuse the host %s', (host, sentence) => {
    expect(wrongIn({ ...of(ITEM), host })).toEqual([expect.stringContaining(sentence)]);
  });

  it.each(['10.1.2.3', 'plc.local', '::1', 'fe80::1%eth0', '2001:db8::502'])('take the host %s', (host) => {
    expect(wrongIn({ ...of(ITEM), host })).toEqual([]);
  });

  it.each([
    ['0.1', '1/10'],
    [0.1, '1/10'],
    ['1/10', '1/10'],
    [' 3 / 8 ', '3/8'],
    ['-0.5/2', '-1/4'],
    ['6/3', '2'],
  ])('take %s as a scale, exactly', (scale, exact) => {
    expect(wrongItem({ scale })).toEqual([]);
    const [read] = itemsOf(
      { machine: 'M', unitId: 1, items: [{ ...ITEM, table: 'holding', type: 'uint16', scale }] },
      0,
    );
    expect(writeRational(read!.scaling!.scale)).toBe(exact);
  });

  it('refuse a path that is there twice for one machine, in any of its devices', () => {
    const device = (unitId: number) => ({ machine: 'M', unitId, items: [ITEM] });
    expect(wrongIn({ host: 'h', devices: [device(1), device(2)] })).toEqual([
      'devices.1.items.0.path is there twice for the machine M: "p"',
    ]);
    expect(wrongIn({ host: 'h', devices: [device(1), { ...device(2), machine: 'N' }] })).toEqual([]);
  });

  it('refuse a value that one read does not hold, and more items than a source has', () => {
    expect(wrongIn({ ...of({ ...ITEM, type: 'float64', order: 'ABCD' }), maxRegisters: 2 })).toEqual([
      'devices.0.items.0.type has 4 registers, and maxRegisters is 2: a value is never read in two parts',
    ]);
    const many = Array.from({ length: 5_001 }, (__, n) => ({ ...ITEM, path: `p${n}` }));
    expect(wrongIn(of(...many))).toEqual(['devices have 5001 items, and a source has at most 5000: make two of it']);
  });

  it.each([
    ['00001', { table: 'coil', address: 0 }],
    ['10017', { table: 'discrete', address: 16 }],
    ['30001', { table: 'input', address: 0 }],
    ['40001', { table: 'holding', address: 0 }],
    ['49999', { table: 'holding', address: 9_998 }],
    ['400001', { table: 'holding', address: 0 }],
    ['465536', { table: 'holding', address: 65_535 }],
    ['40000', null],
    ['400000', null],
    ['465537', null],
    ['20001', null],
    ['4001', null],
    ['4000001', null],
    ['4x0001', null],
  ])('take %s of a manual for %j', (reference, place) => {
    expect(readReference(reference)).toEqual(place);
  });

  it('have examples in their schema that can be tried as they stand', () => {
    const { properties } = z.toJSONSchema(modbusSettings, { io: 'input', unrepresentable: 'any' });
    const example = (name: string) => (properties![name] as { examples: unknown[] }).examples[0];
    expect(wrongIn({ host: example('host'), devices: example('devices') })).toEqual([]);
  });

  it('become items with all that a poll needs', () => {
    const settings = modbusSettings.parse({
      host: 'h',
      devices: [
        { machine: 'A', items: [{ path: 'run', reference: '00017' }] },
        {
          machine: 'B',
          unitId: 7,
          items: [
            { path: 'len', reference: '400101', type: 'int32', order: 'CDAB', scale: '0.1', offset: 5, unit: 'mm' },
          ],
        },
        { machine: 'A', unitId: 8, items: [{ ...ITEM, path: 'name', type: 'string', length: 10 }] },
      ],
    });
    expect(machinesOf(settings)).toEqual(['A', 'B']);
    expect(settings.devices.flatMap(itemsOf)).toEqual([
      expect.objectContaining({ unit: 1, table: 'coil', address: 16, width: 1, type: 'bool', signalType: 'bool' }),
      expect.objectContaining({
        machine: 'B',
        unit: 7,
        table: 'holding',
        address: 100,
        width: 2,
        order: 'CDAB',
        scaling: { scale: { n: 1n, d: 10n }, offset: { n: 5n, d: 1n } },
        ucum: 'mm',
        signalType: 'double',
        settingsPath: 'devices[1].items[0]',
      }),
      expect.objectContaining({ unit: 8, width: 10, signalType: 'string', scaling: null }),
    ]);
  });
});
