import fc from 'fast-check';
import { delayBeforeRetry, parseRetryAfter, type RetryPolicy } from './retry-policy';

describe('delayBeforeRetry', () => {
  const policy: RetryPolicy = { delaysMs: [5_000, 300_000, 1_800_000], jitter: 0.1 };
  it.each([
    [0, 0, 5_000],
    [0, 0.5, 5_250],
    [1, 0, 300_000],
    [2, 0.999_999, 1_980_000],
    [3, 0, null],
    [-1, 0, null],
    [1_000, 0, null],
  ])('retry %i with random %d: %s', (retry, random, expected) => {
    expect(delayBeforeRetry(policy, retry, random)).toBe(expected);
  });

  it('is never shorter than the schedule, nor longer than it with its jitter', () => {
    fc.assert(
      fc.property(fc.nat(2), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (retry, random) => {
        const delay = delayBeforeRetry(policy, retry, random)!;
        expect(delay).toBeGreaterThanOrEqual(policy.delaysMs[retry]!);
        expect(delay).toBeLessThanOrEqual(policy.delaysMs[retry]! * 1.1 + 1);
        expect(Number.isInteger(delay)).toBe(true);
      }),
    );
  });
});

describe('parseRetryAfter', () => {
  const now = Date.UTC(2026, 1, 17, 14, 0, 0);
  it.each<[string | undefined, number | null]>([
    [undefined, null],
    ['', null],
    ['0', 0],
    ['120', 120_000],
    [' 120 ', 120_000],
    ['007', 7_000],
    ['999999999', 999_999_999_000],
    ['99999999999', null],
    ['9'.repeat(10_000), null],
    ['-1', null],
    ['+1', null],
    ['1.5', null],
    ['1e3', null],
    ['0x10', null],
    ['120, 240', null],
    ['abc', null],
    ['Infinity', null],
    ['Tue, 17 Feb 2026 14:00:30 GMT', 30_000],
    ['Tue, 17 Feb 2026 13:59:59 GMT', null],
    ['Tue, 17 Feb 2026 14:00:00 GMT', null],
    ['Thu, 01 Jan 1970 00:00:00 GMT', null],
    ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) - now],
    ['Fri, 99 Foo 2026 14:00:30 GMT', null],
    ['2026-02-17T14:00:30Z', null],
    ['17', 17_000],
  ])('row %#', (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });

  it('gives null or a number of milliseconds that is not negative, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.integer().map(String),
          fc.date().map((at) => at.toString()),
        ),
        (text) => {
          const delay = parseRetryAfter(text, now);
          expect(delay === null || (Number.isFinite(delay) && delay >= 0)).toBe(true);
        },
      ),
    );
  });
});
