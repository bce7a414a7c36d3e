import { z } from 'zod';

/** Requests, or deliveries, in one second. The least is one in 1000 seconds: what is slower is a pause. */
export const RATE_LIMITS = { perSecond: { least: 0.001, most: 10_000 }, burst: { most: 10_000 } } as const;

export const perSecond = z
  .number({ error: 'must be a number, 0.5 for one in two seconds' })
  .min(RATE_LIMITS.perSecond.least, {
    error: `must be at least ${RATE_LIMITS.perSecond.least} (one in 1000 seconds)`,
  })
  .max(RATE_LIMITS.perSecond.most, { error: `must be at most ${RATE_LIMITS.perSecond.most}` });

const rateLimit = z
  .strictObject(
    {
      perSecond,
      burst: z
        .int({ error: 'must be a whole number of requests' })
        .min(1, { error: 'must be at least 1' })
        .max(RATE_LIMITS.burst.most, { error: `must be at most ${RATE_LIMITS.burst.most}` })
        .optional()
        .meta({ description: 'Requests that may go out at once after a rest; left out: those of one second.' }),
    },
    {
      error: (issue) =>
        issue.code === 'invalid_type'
          ? 'must be {"perSecond": …, "burst": …}, or null for no limit of its own'
          : undefined,
    },
  )
  .transform((limit) => ({
    perSecond: limit.perSecond,
    burst: limit.burst ?? Math.max(1, Math.ceil(limit.perSecond)),
  }));

/** An endpoint's own limit of requests; null for none. */
export const nullableRateLimit = rateLimit.nullable().meta({
  description: 'Requests per second, at most; what is more waits, in order. Null: no limit of its own.',
});
