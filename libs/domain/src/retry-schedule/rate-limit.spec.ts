import fc from 'fast-check';
import type { RateLimit } from '../endpoint-lifecycle/endpoint';
import { TokenBucket } from './rate-limit';

const AT = 1_760_000_000_000;

/** Times of the grants of a bucket that is asked at each time. */
const granted = (bucket: TokenBucket, times: readonly number[]) => times.filter((now) => bucket.take(now).ok);

describe('a token bucket', () => {
  it('grants its burst at once, then at its rate', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, AT);
    const times = Array.from({ length: 1_001 }, (_, ms) => AT + ms);
    expect(granted(bucket, [AT, AT, AT, AT])).toEqual([AT, AT, AT]);
    expect(granted(bucket, times)).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000].map((ms) => AT + ms));
  });

  it.each<[RateLimit, number]>([
    [{ perSecond: 10, burst: 1 }, 100],
    [{ perSecond: 3, burst: 1 }, 334],
    [{ perSecond: 0.1, burst: 1 }, 10_000],
    [{ perSecond: 5_000, burst: 1 }, 1],
  ])('of %j says when to ask again', (limit, waitMs) => {
    const bucket = new TokenBucket(limit, AT);
    bucket.take(AT);
    expect(bucket.take(AT)).toEqual({ ok: false, waitMs });
    expect(bucket.take(AT + waitMs)).toEqual({ ok: true });
  });

  it('never saves more than its burst', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 3 }, AT);
    const later = AT + 86_400_000;
    expect(granted(bucket, Array(10).fill(later))).toHaveLength(3);
  });

  it('goes on when the clock is set back', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 1 }, AT);
    expect(granted(bucket, [AT, AT - 3_600_000, AT - 3_600_000 + 99, AT - 3_600_000 + 100])).toEqual([
      AT,
      AT - 3_600_000 + 100,
    ]);
  });

  it('keeps what was used when its limit changes', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 2 }, AT);
    expect(granted(bucket, Array(3).fill(AT))).toHaveLength(2);
    bucket.change({ perSecond: 1, burst: 5 }, AT);
    expect(granted(bucket, Array(5).fill(AT))).toHaveLength(3);
    bucket.change({ perSecond: 1, burst: 1 }, AT);
    expect(bucket.take(AT).ok).toBe(false);
    expect(bucket.take(AT + 1_000).ok).toBe(true);
  });

  it.each([
    { perSecond: 1, askedAt: [282, 312] },
    { perSecond: 2, askedAt: [141, 156] },
    { perSecond: 2, askedAt: [172, 218] },
  ])(
    'serves whoever waits as told, however often it was asked before: $perSecond/s, $askedAt',
    ({ perSecond, askedAt }) => {
      const bucket = new TokenBucket({ perSecond, burst: 1 }, AT);
      bucket.take(AT);
      for (const ms of askedAt) {
        const permit = bucket.take(AT + ms);
        expect(permit).toEqual({ ok: false, waitMs: 1_000 / perSecond - ms });
      }
      expect(bucket.take(AT + 1_000 / perSecond).ok).toBe(true);
    },
  );

  it('grants at most burst + perSecond * t in any span of t, and whoever waits as told is served', () => {
    const limit = fc.record({
      perSecond: fc.oneof(fc.double({ min: 0.01, max: 5_000, noNaN: true }), fc.integer({ min: 1, max: 1_000 })),
      burst: fc.integer({ min: 1, max: 50 }),
    });
    const steps = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.nat(20) },
        { weight: 1, arbitrary: fc.nat(5_000) },
        { weight: 2, arbitrary: fc.constant('wait' as const) },
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(limit, steps, (rateLimit, asked) => {
        const bucket = new TokenBucket(rateLimit, AT);
        const grants: number[] = [];
        let now = AT;
        let waitMs = 0;
        for (const step of asked) {
          now += step === 'wait' ? waitMs : step;
          const permit = bucket.take(now);
          if (step === 'wait' && waitMs > 0) expect(permit.ok).toBe(true);
          if (permit.ok) grants.push(now);
          else expect(Number.isInteger(permit.waitMs) && permit.waitMs > 0).toBe(true);
          waitMs = permit.ok ? 0 : permit.waitMs;
        }
        for (let from = 0; from < grants.length; from++)
          for (let to = from; to < grants.length; to++) {
            const seconds = (grants[to]! - grants[from]!) / 1_000;
            // The slack is that of floating point.
            expect(to - from + 1).toBeLessThanOrEqual(rateLimit.burst + rateLimit.perSecond * seconds + 1e-6);
          }
      }),
      { numRuns: 300 },
    );
  });
});
