import { z } from 'zod';

export const RETRY_LIMITS = {
  delays: 50,
  delaySeconds: { least: 1, most: 30 * 86_400 },
  jitter: { default: 0.1, most: 0.5 },
} as const;

const { delaySeconds, jitter } = RETRY_LIMITS;

const retry = z
  .strictObject(
    {
      delaysSeconds: z
        .array(
          z
            .number({ error: 'must be a number of seconds' })
            .min(delaySeconds.least, { error: `must be at least ${delaySeconds.least} second` })
            .max(delaySeconds.most, { error: `must be at most ${delaySeconds.most} seconds (30 days)` }),
          { error: 'must be a list of seconds, for example [5, 300, 1800]; [] for no retries' },
        )
        .max(RETRY_LIMITS.delays, { error: `must have at most ${RETRY_LIMITS.delays} delays` })
        .meta({
          description: 'Wait before each retry, counted from the end of the attempt before it. `[]`: no retries.',
        }),
      jitter: z
        .number({ error: 'must be a number from 0 to 0.5' })
        .min(0, { error: 'must not be negative' })
        .max(jitter.most, { error: `must be at most ${jitter.most}` })
        .default(jitter.default)
        .meta({ description: 'Each wait is made longer by up to this share, never shorter.' }),
    },
    {
      error: (issue) =>
        issue.code === 'invalid_type'
          ? 'must be {"delaysSeconds": […], "jitter": …}, or null for the schedule of the contract'
          : undefined,
    },
  )
  .transform((policy) => ({
    delaysMs: policy.delaysSeconds.map((seconds) => Math.round(seconds * 1000)),
    jitter: policy.jitter,
  }));

/** An endpoint's own retries instead of its contract's; read as the domain's RetryPolicy. */
export const nullableRetry = retry.nullable().meta({ description: 'Null: the schedule of the contract.' });
