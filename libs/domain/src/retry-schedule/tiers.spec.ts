import fc from 'fast-check';
import { standard } from '../contract/standard';
import { hopsFor, nextHop, RETRY_TIERS, tierNamed, tierRetentionMs } from './tiers';

describe('the retry tiers', () => {
  it('are those of the interface, in ascending order', () => {
    expect(RETRY_TIERS.map((tier) => tier.name)).toEqual(['1s', '5s', '30s', '1m', '5m', '10m', '30m', '2h', '24h']);
    const delays = RETRY_TIERS.map((tier) => tier.delayMs);
    expect([...delays].sort((a, b) => a - b)).toEqual(delays);
  });

  it('are named by their delay', () => {
    const unit = { s: 1_000, m: 60_000, h: 3_600_000 };
    for (const { name, delayMs } of RETRY_TIERS)
      expect(Number.parseInt(name, 10) * unit[name.slice(-1) as keyof typeof unit]).toBe(delayMs);
  });

  it('are found by name', () => {
    expect(tierNamed('5m')).toEqual({ name: '5m', delayMs: 300_000 });
    expect(tierNamed('6m')).toBeUndefined();
    expect(tierNamed('constructor')).toBeUndefined();
  });

  it('keep their records two weeks at least, and twenty times longer than these wait', () => {
    for (const tier of RETRY_TIERS) {
      expect(tierRetentionMs(tier)).toBeGreaterThanOrEqual(14 * 86_400_000);
      expect(tierRetentionMs(tier)).toBeGreaterThanOrEqual(20 * tier.delayMs);
    }
  });
});

describe('hopsFor', () => {
  it.each([
    [0, [], 0],
    [999, [], 999],
    [1_000, ['1s'], 0],
    [37_400, ['30s', '5s', '1s', '1s'], 400],
    [300_000, ['5m'], 0],
    [5 * 3_600_000, ['2h', '2h', '30m', '30m'], 0],
    [30 * 86_400_000, Array(30).fill('24h'), 0],
    [-5, [], -5],
  ])('of %i ms', (delayMs, names, restMs) => {
    const { hops, restMs: rest } = hopsFor(delayMs);
    expect([hops.map((hop) => hop.name), rest]).toEqual([names, restMs]);
  });

  it('never waits longer than asked, and leaves less than a second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 31 * 86_400_000 }), (delayMs) => {
        const { hops, restMs } = hopsFor(delayMs);
        const waited = hops.reduce((sum, hop) => sum + hop.delayMs, 0);
        expect(waited + restMs).toBe(delayMs);
        expect(restMs).toBeGreaterThanOrEqual(0);
        expect(restMs).toBeLessThan(1_000);
        // From the largest: a chain once in a short tier never comes back to a long one.
        expect([...hops].sort((a, b) => b.delayMs - a.delayMs)).toEqual(hops);
        expect(nextHop(delayMs)).toBe(hops[0]);
      }),
    );
  });

  it('takes at most 31 hops for anything below a day, and a delay of the standard schedule without jitter far fewer', () => {
    // Below each tier the smaller ones are used only so often: 4 x 1s, 5 x 5s, 1 x 30s, 4 x 1m, 1 x 5m, 2 x 10m, 3 x 30m, 11 x 2h.
    expect(hopsFor(86_399_999).hops).toHaveLength(31);
    const hops = standard.retry.delaysMs.map((delayMs) => hopsFor(delayMs).hops.length);
    expect(hops).toEqual([1, 1, 1, 1, 4, 5, 7, 10, 1]);
  });
});
