import fc from 'fast-check';
import { DeliveryIds } from './delivery-ids';

const deliveryId = fc.uuid({ version: 8 });

describe('delivery ids', () => {
  it('have rows as a map would give them, whatever they look like', () => {
    const id = fc.oneof(
      deliveryId,
      fc.string(),
      fc.constantFrom('', 'a', '0'.repeat(36), 'ZZZZZZZZ-0000-8000-8000-000000000000'),
    );
    fc.assert(
      fc.property(fc.array(id, { maxLength: 300 }), (ids) => {
        const table = new DeliveryIds();
        const rows = new Map<string, number>();
        for (const each of ids) {
          expect(table.find(each)).toBe(rows.get(each) ?? -1);
          if (!rows.has(each)) rows.set(each, rows.size);
          expect(table.add(each)).toBe(rows.get(each));
        }
        expect(table.count).toBe(rows.size);
        for (const [each, row] of rows) expect(table.text(row)).toBe(each);
      }),
    );
  });

  it('an id in capitals is another id', () => {
    const table = new DeliveryIds();
    const id = '019c6b1c-7d00-8abc-9def-0123456789ab';
    expect([table.add(id), table.add(id.toUpperCase()), table.add(id)]).toEqual([0, 1, 0]);
    expect(table.text(1)).toBe(id.toUpperCase());
  });

  it('a hundred thousand of one millisecond are found again', () => {
    const table = new DeliveryIds();
    const idOf = (n: number) => `019c6b1c-7d00-8abc-9def-${n.toString(16).padStart(12, '0')}`;
    for (let n = 0; n < 100_000; n++) table.add(idOf(n));
    for (let n = 0; n < 100_000; n += 997) expect(table.find(idOf(n))).toBe(n);
    expect(table.find(idOf(100_000))).toBe(-1);
  });
});
