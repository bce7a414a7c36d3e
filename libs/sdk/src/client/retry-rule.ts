import { MillraceAnswerError, MillraceApiError, MillraceNetworkError, MillraceTimeoutError } from './errors';

export interface RetryOptions {
  /** After the first attempt; 0 for none. */
  readonly maxRetries: number;
  /** A `Retry-After` that asks for more than this is not waited for: the error comes at once and says how long. */
  readonly maxRetryAfterSeconds: number;
}

export const DEFAULT_RETRIES: RetryOptions = { maxRetries: 3, maxRetryAfterSeconds: 60 };

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;
const TRANSIENT = new Set([408, 429, 502, 503, 504]);

/** The status of an answer that may be another one later; null for everything else. */
const mayPass = (error: unknown): { readonly retryAfterSeconds: number | null } | null => {
  if (error instanceof MillraceNetworkError || error instanceof MillraceTimeoutError)
    return { retryAfterSeconds: null };
  if (!(error instanceof MillraceApiError || error instanceof MillraceAnswerError)) return null;
  // A 409 that says when to come back is this call itself, still under way under its Idempotency-Key.
  const underWay = error.status === 409 && error.retryAfterSeconds !== null;
  return TRANSIENT.has(error.status) || underWay ? error : null;
};

/**
 * How long to wait before the next attempt, in ms, or null to give up. `retry` counts from 0. Waits double, with up to half of
 * each taken off at random so that many clients do not come back at one moment; `Retry-After` is never cut short. Pure.
 */
export const waitBeforeRetry = (
  error: unknown,
  retry: number,
  options: RetryOptions,
  random: () => number,
): number | null => {
  const passing = mayPass(error);
  if (passing === null || retry >= options.maxRetries) return null;
  const asked = passing.retryAfterSeconds ?? 0;
  if (asked > options.maxRetryAfterSeconds) return null;
  const backoff = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** retry);
  return Math.max(asked * 1000, Math.round(backoff * (1 - random() / 2)));
};
