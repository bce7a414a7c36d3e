import fc from 'fast-check';
import { WaitingHeap } from './waiting-heap';

const drained = (heap: WaitingHeap<{ wakeAt: number; order: number }>) => {
  const out: number[] = [];
  for (let entry = heap.pop(); entry; entry = heap.pop()) out.push(entry.order);
  return out;
};
const sorted = (entries: readonly { wakeAt: number; order: number }[]) =>
  [...entries].sort((a, b) => a.wakeAt - b.wakeAt || a.order - b.order).map(({ order }) => order);

describe('the waiting heap', () => {
  it('gives the earliest first, and equals in the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const heap = new WaitingHeap();
        const entries = times.map((wakeAt, order) => ({ wakeAt, order }));
        for (const entry of entries) heap.push(entry);
        expect(heap.size).toBe(entries.length);
        expect(heap.first?.order).toBe(sorted(entries)[0]);
        expect(drained(heap)).toEqual(sorted(entries));
      }),
    );
  });

  it('keeps its order while entries come and go, are dropped and change their time', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('push', 'pop', 'rebuild'), fc.nat(50))), (steps) => {
        const heap = new WaitingHeap();
        let model: { wakeAt: number; order: number }[] = [];
        steps.forEach(([step, number], order) => {
          if (step === 'push') {
            const entry = { wakeAt: number, order };
            heap.push(entry);
            model.push(entry);
          } else if (step === 'pop') {
            expect(heap.pop()?.order).toBe(sorted(model)[0]);
            model = model.filter((entry) => entry.order !== sorted(model)[0]);
          } else {
            const keep = (entry: { order: number }) => entry.order % 3 !== 0;
            for (const entry of model) entry.wakeAt = Math.abs(number - entry.wakeAt);
            heap.rebuild(keep);
            model = model.filter(keep);
          }
        });
        expect(drained(heap)).toEqual(sorted(model));
      }),
    );
  });
});
