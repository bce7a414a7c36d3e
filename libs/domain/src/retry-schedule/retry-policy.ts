/**
 * When a failed delivery is tried again. `delaysMs[0]` is the wait before the first retry; when the list is used up the
 * delivery is exhausted. Delays count from the end of the previous attempt.
 */
export interface RetryPolicy {
  readonly delaysMs: readonly number[];
  /** Each delay is stretched by up to this share, never shortened: 0.1 makes 5 s to 5.5 s. */
  readonly jitter: number;
  /** The last delay goes on for ever: only the expiry ends the delivery. */
  readonly repeatsLast?: true;
}

/** The wait before retry number `retry` (0 for the first), or null when the schedule is exhausted. `random` in [0, 1). */
export const delayBeforeRetry = (policy: RetryPolicy, retry: number, random: number): number | null => {
  const delay = policy.delaysMs[retry] ?? (policy.repeatsLast ? policy.delaysMs.at(-1) : undefined);
  return delay === undefined ? null : Math.round(delay * (1 + policy.jitter * random));
};

/**
 * `Retry-After` (RFC 9110 section 10.2.3): seconds or an HTTP date; null when absent, malformed or not in the future.
 */
export const parseRetryAfter = (value: string | undefined, nowMs: number): number | null => {
  if (value === undefined) return null;
  const text = value.trim();
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Z][a-z]{2}, /.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) || at <= nowMs ? null : at - nowMs;
};
