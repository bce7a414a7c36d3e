import { type Permit, TokenBucket } from './rate-limit';

/** How many retries one endpoint may cause. */
export interface RetryBudgetRules {
  /** Retries are free while more than half of so many tokens are left. */
  readonly tokens: number;
  /** Tokens that a success gives back; a failed retry takes one. */
  readonly perSuccess: number;
  /** Retries that are always allowed. */
  readonly floorPerSecond: number;
}

export const RETRY_BUDGET: RetryBudgetRules = { tokens: 200, perSuccess: 0.2, floorPerSecond: 10 };

/**
 * Keeps an outage from becoming a storm: while most retries to an endpoint fail they go at the floor's rate; successes of any
 * attempt lift that. One for each endpoint, at its owner.
 *
 * The tokens are those of gRPC's retry throttling, which has no floor:
 * https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs
 */
export interface RetryBudget {
  /** Asked before each retry leaves; takes from the floor when the tokens are short. `now` in Unix ms. */
  mayRetry(now: number): Permit;
  /** Any attempt succeeded. */
  noteSuccess(): void;
  /** A retry failed. */
  noteFailure(): void;
}

const GRANTED: Permit = Object.freeze({ ok: true });

export const retryBudget = (rules: RetryBudgetRules = RETRY_BUDGET): RetryBudget => {
  const { tokens: most, perSuccess, floorPerSecond } = rules;
  const floor = new TokenBucket({ perSecond: floorPerSecond, burst: floorPerSecond }, 0);
  let tokens = most;
  return {
    mayRetry: (now) => (tokens > most / 2 ? GRANTED : floor.take(now)),
    noteSuccess: () => {
      tokens = Math.min(most, tokens + perSuccess);
    },
    noteFailure: () => {
      tokens = Math.max(0, tokens - 1);
    },
  };
};
