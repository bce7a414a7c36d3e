/**
 * The one schedule of retry tiers. Topic names, retention, the movers and the documentation derive from it.
 * One fixed delay for each topic, so the first record of a partition is always the earliest due.
 */
export const RETRY_TIERS = [
  { name: '1s', delayMs: 1_000 },
  { name: '5s', delayMs: 5_000 },
  { name: '30s', delayMs: 30_000 },
  { name: '1m', delayMs: 60_000 },
  { name: '5m', delayMs: 300_000 },
  { name: '10m', delayMs: 600_000 },
  { name: '30m', delayMs: 1_800_000 },
  { name: '2h', delayMs: 7_200_000 },
  { name: '24h', delayMs: 86_400_000 },
] as const;

export type RetryTier = (typeof RETRY_TIERS)[number];
export type RetryTierName = RetryTier['name'];

const DAY_MS = 86_400_000;

/**
 * How long a tier's topic keeps its records: far longer than they wait in it, so that none can expire while it waits,
 * also when nobody consumed for a week. A tier of a day keeps three weeks.
 */
export const tierRetentionMs = (tier: RetryTier): number => Math.max(14 * DAY_MS, tier.delayMs * 21);

export const tierNamed = (name: string): RetryTier | undefined => RETRY_TIERS.find((tier) => tier.name === name);

/**
 * The next tier for a delay that is still to be waited, as the largest coin of a sum; undefined when less than the
 * smallest tier remains (the dispatcher holds that rest in memory). 37 s goes 30s, 5s, 1s, 1s.
 */
export const nextHop = (remainingMs: number): RetryTier | undefined => {
  for (let index = RETRY_TIERS.length - 1; index >= 0; index--) {
    const tier = RETRY_TIERS[index]!;
    if (tier.delayMs <= remainingMs) return tier;
  }
  return undefined;
};

/** All hops of a delay and the rest after them: `hopsFor(37_400)` is `[30s, 5s, 1s, 1s]` and 400. */
export const hopsFor = (delayMs: number): { hops: RetryTier[]; restMs: number } => {
  const hops: RetryTier[] = [];
  let restMs = delayMs;
  for (let hop = nextHop(restMs); hop; hop = nextHop(restMs)) {
    hops.push(hop);
    restMs -= hop.delayMs;
  }
  return { hops, restMs };
};
