import fc from 'fast-check';
import { decodeCompleted, encodeCompleted, type OffsetRange } from './completed-set';

const rangesFrom = (start: number, steps: readonly (readonly [gap: number, length: number])[]): OffsetRange[] => {
  const ranges: OffsetRange[] = [];
  let at = start;
  for (const [gap, length] of steps) {
    ranges.push([at + gap, at + gap + length - 1]);
    at += gap + length;
  }
  return ranges;
};
const anySteps = fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: 1, max: 100_000 })), { maxLength: 300 });

describe('the completed set', () => {
  test('the example of its description', () => {
    const text = encodeCompleted(100, [
      [102, 104],
      [110, 110],
    ]);
    expect(text).toBe(`r1.${Buffer.from([2, 3, 5, 1]).toString('base64url')}`);
    expect(decodeCompleted(100, text)).toEqual([
      [102, 104],
      [110, 110],
    ]);
  });

  test('nothing finished is no metadata', () => {
    expect(encodeCompleted(5, [])).toBe('');
    expect(decodeCompleted(5, '')).toEqual([]);
    expect(decodeCompleted(5, null)).toEqual([]);
  });

  test('what fits comes back as it was', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 45), anySteps, (committed, steps) => {
        const ranges = rangesFrom(committed, steps);
        expect(decodeCompleted(committed, encodeCompleted(committed, ranges))).toEqual(ranges);
      }),
    );
  });

  test('never more than 3 KiB; what is left out is left out from the end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2 ** 30), fc.integer({ min: 1, max: 2 ** 30 })), { minLength: 900, maxLength: 1_500 }),
        (steps) => {
          const ranges = rangesFrom(0, steps);
          const text = encodeCompleted(0, ranges);
          const kept = decodeCompleted(0, text);
          expect(text.length).toBeLessThanOrEqual(3 * 1024);
          expect(kept.length).toBeGreaterThan(100);
          expect(kept).toEqual(ranges.slice(0, kept.length));
        },
      ),
      { numRuns: 20 },
    );
  });

  test('metadata of others is no completed set, and breaks nothing', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.oneof(
          fc.string(),
          fc.base64String().map((text) => `r1.${text}`),
          fc.base64String().map((text) => `z1.${text}`),
        ),
        (committed, text) => {
          for (const [first, last] of decodeCompleted(committed, text)) {
            expect(first).toBeGreaterThanOrEqual(committed);
            expect(last).toBeGreaterThanOrEqual(first);
          }
        },
      ),
    );
  });
});
