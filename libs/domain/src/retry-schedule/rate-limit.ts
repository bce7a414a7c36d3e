import type { RateLimit } from '../endpoint-lifecycle/endpoint';

/** Whether something may go now; otherwise in how many whole ms to ask again. */
export type Permit = { readonly ok: true } | { readonly ok: false; readonly waitMs: number };

/** What refills of a token in parts can lack of a whole one by the rounding of their sum. It is taken with the token, so nothing is gained. */
const ROUNDING = 1e-9;

const GRANTED: Permit = Object.freeze({ ok: true });

/**
 * A token bucket: in any span of t seconds it grants at most `burst + perSecond * t`. Full at its beginning. Time comes in as
 * Unix ms; a clock that is set back grants nothing for the step back and goes on from there.
 */
export class TokenBucket {
  private tokens: number;

  constructor(
    private limit: RateLimit,
    private at: number,
  ) {
    this.tokens = limit.burst;
  }

  /** Takes one token where there is one. */
  take(now: number): Permit {
    this.refill(now);
    if (this.tokens >= 1 - ROUNDING) {
      this.tokens -= 1;
      return GRANTED;
    }
    return { ok: false, waitMs: Math.ceil(((1 - this.tokens) * 1_000) / this.limit.perSecond) };
  }

  /** The settings changed; what has been used stays used. */
  change(limit: RateLimit, now: number): void {
    this.refill(now);
    this.tokens = Math.min(limit.burst, Math.max(0, this.tokens + limit.burst - this.limit.burst));
    this.limit = limit;
  }

  private refill(now: number): void {
    if (now > this.at)
      this.tokens = Math.min(this.limit.burst, this.tokens + ((now - this.at) * this.limit.perSecond) / 1_000);
    this.at = now;
  }
}
