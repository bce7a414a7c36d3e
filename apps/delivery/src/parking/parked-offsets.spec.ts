import fc from 'fast-check';
import { ParkedOffsets } from './parked-offsets';

const drained = (parked: ParkedOffsets): number[] => {
  const offsets: number[] = [];
  for (let next = parked.next(); next !== null; next = parked.next()) {
    parked.claim(next);
    offsets.push(next);
  }
  return offsets;
};

describe('parked offsets', () => {
  test('come back oldest first, each once', () => {
    const parked = new ParkedOffsets();
    for (const offset of [5_000_000_123, 7, 1023, 1024, 31, 32, 4096]) parked.add(offset, null);
    expect(parked.count).toBe(7);
    expect(drained(parked)).toEqual([7, 31, 32, 1023, 1024, 4096, 5_000_000_123]);
    expect(parked.unclaimed).toBe(0);
    expect(parked.count).toBe(7);
  });

  test('a claimed one that is given back is next again, before younger ones', () => {
    const parked = new ParkedOffsets();
    for (const offset of [1, 2, 3]) parked.add(offset, null);
    parked.claim(1);
    parked.claim(2);
    expect(parked.next()).toBe(3);
    parked.unclaim(1);
    expect(parked.next()).toBe(1);
    parked.remove(2);
    expect(parked.count).toBe(2);
    expect(parked.has(2)).toBe(false);
  });

  test('a chunk keeps the earliest expiry of what was added to it', () => {
    const parked = new ParkedOffsets();
    parked.add(1, 900);
    expect(parked.add(2, 500)?.earliestExpiry).toBe(500);
    expect(parked.add(3, null)?.earliestExpiry).toBe(500);
    expect(parked.add(3, 100)).toBeNull();
    expect(parked.remove(9)).toBeNull();
  });

  test('a million in a row take a few hundred bytes for each thousand', () => {
    const parked = new ParkedOffsets();
    for (let offset = 0; offset < 1_000_000; offset++) parked.add(offset, null);
    const chunks = [...parked.all()];
    expect(chunks).toHaveLength(977);
    expect(chunks[0]!.bits.byteLength).toBe(128);
  });

  test('what was written down is the same after a restart', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 100_000 }), { maxLength: 300 }), (offsets) => {
        const before = new ParkedOffsets();
        for (const offset of offsets) before.add(offset, 7);
        const after = new ParkedOffsets();
        for (const { base, bits, earliestExpiry } of before.all()) after.restore(base, bits, earliestExpiry);
        expect(after.count).toBe(offsets.length);
        expect(drained(after)).toEqual([...offsets].sort((a, b) => a - b));
      }),
    );
  });

  test('behaves as a sorted set with claims', () => {
    const step = fc.tuple(fc.constantFrom('add', 'remove', 'claim', 'unclaim'), fc.integer({ min: 0, max: 3_000 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const parked = new ParkedOffsets();
        const model = new Map<number, boolean>();
        for (const [what, offset] of steps) {
          if (what === 'add') {
            parked.add(offset, null);
            if (!model.has(offset)) model.set(offset, false);
          } else if (what === 'remove') {
            parked.remove(offset);
            model.delete(offset);
          } else if (what === 'claim') {
            parked.claim(offset);
            if (model.has(offset)) model.set(offset, true);
          } else if (what === 'unclaim' && model.get(offset)) {
            parked.unclaim(offset);
            model.set(offset, false);
          }
          const free = [...model].filter(([, claimed]) => !claimed).map(([free]) => free);
          expect(parked.next()).toBe(free.length === 0 ? null : Math.min(...free));
          expect(parked.count).toBe(model.size);
          expect(parked.unclaimed).toBe(free.length);
        }
      }),
    );
  });
});
