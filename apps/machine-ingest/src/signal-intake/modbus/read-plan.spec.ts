import fc from 'fast-check';
import { hasBits, TABLES } from './modbus-frame';
import { partsOf, planReads, type Readable, type ReadLimits } from './read-plan';

const LIMITS: ReadLimits = { maxRegisters: 125, maxBits: 2_000, maxHole: 8 };

const holding = (address: number, width = 1): Readable => ({ table: 'holding', address, width });
const spoken = (items: readonly Readable[], limits: Partial<ReadLimits> = {}) =>
  planReads(items, { ...LIMITS, ...limits }).map(({ table, address, count }) => `${table} ${address}+${count}`);

describe('the plan of reads', () => {
  it.each<[string, Readable[], Partial<ReadLimits>, string[]]>([
    ['neighbours', [holding(2), holding(0, 2)], {}, ['holding 0+3']],
    ['a hole that is small enough', [holding(0), holding(9)], {}, ['holding 0+10']],
    ['a hole that is too large', [holding(0), holding(10)], {}, ['holding 0+1', 'holding 10+1']],
    ['no holes', [holding(0), holding(2)], { maxHole: 0 }, ['holding 0+1', 'holding 2+1']],
    ['one register read as several items', [holding(5), holding(5), holding(4, 2)], {}, ['holding 4+2']],
    ['a pair at the limit', [holding(0, 124), holding(124, 2)], {}, ['holding 0+124', 'holding 124+2']],
    [
      'a device that takes little',
      [holding(0), holding(1), holding(2)],
      { maxRegisters: 2 },
      ['holding 0+2', 'holding 2+1'],
    ],
    [
      'tables by themselves',
      [holding(0), { table: 'input', address: 1, width: 1 }, { table: 'coil', address: 2, width: 1 }],
      {},
      ['coil 2+1', 'holding 0+1', 'input 1+1'],
    ],
    [
      'bits, of which 16 are a register',
      [0, 129, 300].map((address) => ({ table: 'coil', address, width: 1 }) as const),
      {},
      ['coil 0+130', 'coil 300+1'],
    ],
  ])('joins %s', (_, items, limits, reads) => {
    expect(spoken(items, limits)).toEqual(reads);
  });

  const readable = fc.record({
    table: fc.constantFrom(...TABLES),
    address: fc.nat(400),
    width: fc.constantFrom(1, 1, 2, 4, 20),
  });
  const items = fc
    .array(readable, { maxLength: 60 })
    .map((all) => all.map((one) => (hasBits(one.table) ? { ...one, width: 1 } : one)));
  const limits = fc.record({
    maxRegisters: fc.integer({ min: 20, max: 125 }),
    maxBits: fc.integer({ min: 1, max: 2_000 }),
    maxHole: fc.nat(20),
  });

  it('has each item whole in exactly one read, and none above its limit', () => {
    fc.assert(
      fc.property(items, limits, (all, most) => {
        const reads = planReads(all, most);
        expect(reads.flatMap((read) => read.items).length).toBe(all.length);
        expect(new Set(reads.flatMap((read) => read.items))).toEqual(new Set(all));
        for (const { table, address, count, items: held } of reads) {
          expect(count).toBeGreaterThan(0);
          expect(count).toBeLessThanOrEqual(hasBits(table) ? most.maxBits : most.maxRegisters);
          for (const item of held) {
            expect(item.table).toBe(table);
            expect(item.address).toBeGreaterThanOrEqual(address);
            expect(item.address + item.width).toBeLessThanOrEqual(address + count);
          }
        }
      }),
    );
  });

  it('takes a refused read apart until each item stands alone, and loses none', () => {
    fc.assert(
      fc.property(items, limits, (all, most) => {
        const alone: Readable[] = [];
        const queue = planReads(all, most);
        for (let steps = 0; queue.length > 0; steps++) {
          expect(steps).toBeLessThan(4 * all.length + 4);
          const read = queue.shift()!;
          const parts = partsOf(read, most);
          if (parts.length === 0) alone.push(...read.items);
          else expect(parts.length).toBeGreaterThan(1);
          queue.push(...parts);
        }
        expect(alone.length).toBe(all.length);
        expect(new Set(alone)).toEqual(new Set(all));
      }),
    );
  });
});
