import { deliveryId } from '@millrace/domain';
import fc from 'fast-check';
import { IdTable } from './id-table';
import { RecentIds } from './recent-ids';
import { RecoveryFailure } from './recovery-failure';

const idOf = (n: number, time = 1_760_000_000_000): string => deliveryId(`key-${n}`, time, 'ep_1', { kind: 'event' });

describe('the table of delivery ids', () => {
  it('holds what a Map holds, whatever the order of writes', () => {
    const write = fc.tuple(fc.nat({ max: 3_000 }), fc.integer({ min: 1, max: 0xffff_ffff }));
    fc.assert(
      fc.property(fc.array(write, { maxLength: 4_000 }), (writes) => {
        const table = new IdTable(10_000);
        const model = new Map<string, number>();
        for (const [n, value] of writes) {
          table.set(idOf(n), value);
          model.set(idOf(n), value);
        }
        expect(table.size).toBe(model.size);
        for (const [id, value] of model) expect(table.get(id)).toBe(value);
        expect(table.get(idOf(3_001))).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps every id while it grows to a hundred thousand', () => {
    const table = new IdTable(100_000);
    for (let n = 0; n < 100_000; n++) table.set(idOf(n), n + 1);
    for (let n = 0; n < 100_000; n++) expect(table.get(idOf(n))).toBe(n + 1);
    for (let n = 100_000; n < 200_000; n++) expect(table.get(idOf(n))).toBe(0);
  });

  it('takes two publications of one event for one, and other triggers and endpoints for others', () => {
    const table = new IdTable(10);
    table.set(idOf(1, 1_000), 7);
    expect(table.get(idOf(1, 2_000))).toBe(7);
    expect(table.get(deliveryId('key-1', 1_000, 'ep_2', { kind: 'event' }))).toBe(0);
    expect(table.get(deliveryId('key-1', 1_000, 'ep_1', { kind: 'recovery', id: 'rec_1' }))).toBe(0);
  });

  it('takes ids that are none without harm', () => {
    const table = new IdTable(10);
    for (const text of ['', 'x', 'not a delivery id at all, but long enough']) {
      table.set(text, 3);
      expect(table.get(text)).toBe(3);
    }
    expect(table.get(idOf(1))).toBe(0);
  });

  it('refuses one more than its limit with a sentence, and still changes those it has', () => {
    const table = new IdTable(2_000);
    for (let n = 0; n < 2_000; n++) table.set(idOf(n), 1);
    expect(() => table.set(idOf(2_000), 1)).toThrow(RecoveryFailure);
    expect(() => table.set(idOf(2_000), 1)).toThrow('more than 2,000 deliveries of the endpoint');
    table.set(idOf(5), 9);
    expect(table.get(idOf(5))).toBe(9);
  });
});

describe('ids seen lately', () => {
  it('knows at least its capacity, and forgets what came long before', () => {
    const recent = new RecentIds(1_000);
    for (let n = 0; n < 10_000; n++) {
      expect(recent.add(idOf(n))).toBe(true);
      expect(recent.add(idOf(Math.max(0, n - 999)))).toBe(false);
    }
    expect(recent.add(idOf(0))).toBe(true);
  });
});
