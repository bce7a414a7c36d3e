import fc from 'fast-check';
import { WatermarkTracker } from './watermark-tracker';

describe('the watermark', () => {
  test('moves over the contiguous finished prefix only', () => {
    const tracker = new WatermarkTracker(10);
    const tickets = [10, 11, 12].map((offset) => tracker.enter(offset));
    tracker.finish(tickets[1]!);
    expect(tracker.watermark).toBe(10);
    expect(tracker.finishedBeyond()).toEqual([[11, 11]]);
    tracker.finish(tickets[0]!);
    expect(tracker.watermark).toBe(12);
    tracker.finish(tickets[2]!);
    expect(tracker.watermark).toBe(13);
    expect(tracker.finishedBeyond()).toEqual([]);
  });

  test('steps over what the log holds beside records', () => {
    const tracker = new WatermarkTracker(null);
    expect(tracker.watermark).toBeNull();
    const ticket = tracker.enter(3);
    tracker.skipTo(9);
    expect(tracker.watermark).toBe(3);
    tracker.finish(ticket);
    expect(tracker.watermark).toBe(9);
  });

  test('a record that entered before, or was finished in an earlier life, is not handled again', () => {
    const tracker = new WatermarkTracker(5, [
      [5, 6],
      [8, 8],
    ]);
    expect(tracker.enter(5)).toBe(-1);
    expect(tracker.enter(6)).toBe(-1);
    expect(tracker.watermark).toBe(7);
    const seventh = tracker.enter(7);
    expect(seventh).toBeGreaterThanOrEqual(0);
    expect(tracker.enter(7)).toBe(-1);
    expect(tracker.enter(8)).toBe(-1);
    expect(tracker.finishedBeyond()).toEqual([[8, 8]]);
    tracker.finish(seventh);
    expect(tracker.watermark).toBe(9);
  });

  test('what an earlier life finished stays in the commit until the watermark has passed it', () => {
    const tracker = new WatermarkTracker(5, [
      [7, 9],
      [20, 22],
    ]);
    tracker.enter(5);
    expect(tracker.finishedBeyond()).toEqual([
      [7, 9],
      [20, 22],
    ]);
    tracker.enter(6);
    tracker.enter(7);
    expect(tracker.finishedBeyond()).toEqual([
      [7, 7],
      [8, 9],
      [20, 22],
    ]);
  });

  test('takes over what others committed', () => {
    const tracker = new WatermarkTracker(0);
    for (let offset = 0; offset < 6; offset++) tracker.enter(offset);
    tracker.merge(3, [[4, 4]]);
    expect(tracker.watermark).toBe(3);
    expect(tracker.finishedBeyond()).toEqual([[4, 4]]);
    tracker.merge(10, []);
    expect(tracker.watermark).toBe(10);
    expect(tracker.enter(9)).toBe(-1);
  });

  test('holds against a slow model, for any order of finishing, any gaps, and any restart', () => {
    const step = fc.record({
      gap: fc.integer({ min: 1, max: 3 }),
      finishOrder: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, finishCount) => {
        const offsets: number[] = [];
        let offset = 0;
        for (const { gap } of steps) {
          offset += gap;
          offsets.push(offset);
        }
        const tracker = new WatermarkTracker(0);
        const tickets = offsets.map((each) => tracker.enter(each));
        const order = steps
          .map(({ finishOrder }, index) => ({ finishOrder, index }))
          .sort((a, b) => a.finishOrder - b.finishOrder);
        const finished = new Set<number>();
        for (const { index } of order.slice(0, finishCount)) {
          tracker.finish(tickets[index]!);
          tracker.finish(tickets[index]!);
          finished.add(offsets[index]!);
          const open = offsets.find((each) => !finished.has(each));
          expect(tracker.watermark).toBe(open ?? (offsets.at(-1) ?? 0) + (offsets.length > 0 ? 1 : 0));
        }
        const watermark = tracker.watermark!;
        const next = new WatermarkTracker(watermark, tracker.finishedBeyond());
        const again = offsets.filter((each) => each >= watermark && next.enter(each) >= 0);
        expect(again).toEqual(offsets.filter((each) => !finished.has(each)));
      }),
    );
  });

  test('keeps its memory to what lies beyond the watermark', () => {
    const tracker = new WatermarkTracker(0);
    for (let offset = 0; offset < 100_000; offset++) {
      const ticket = tracker.enter(offset);
      tracker.finish(ticket);
    }
    const { offsets } = tracker as unknown as { offsets: number[] };
    expect(offsets.length).toBeLessThan(5_000);
    expect(tracker.span).toBe(0);
    expect(tracker.watermark).toBe(100_000);
  });
});
