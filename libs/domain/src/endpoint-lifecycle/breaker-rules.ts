/** When an endpoint is taken for down, and how it is probed: part of its contract. Durations in ms, before the time scale. */
export interface BreakerRules {
  /** False where an answer of any status shows that the endpoint is up. */
  readonly countsHttpFailures: boolean;
  /** Down after so many failures without a success between them, from so many deliveries; null: not by that. */
  readonly consecutive: { readonly failures: number; readonly distinctDeliveries: number } | null;
  /** Down when at least `share` (0 to 1) of at least `requests` within the window have failed, of so many deliveries. */
  readonly rate: {
    readonly windowMs: number;
    readonly requests: number;
    readonly share: number;
    readonly distinctDeliveries: number;
  } | null;
  readonly probeInterval: { readonly firstMs: number; readonly longestMs: number; readonly factor: number };
  /** Disabled after so many without a success between them: `deliveries` that ended so, or `attempts` that failed. */
  readonly disableAfter: { readonly failures: number; readonly counts: 'deliveries' | 'attempts' } | null;
}

/**
 * Ten in a row, or 70 % of at least 20 requests in five minutes. From several deliveries in both cases: the schedule of one
 * that its receiver refuses says nothing about the receiver.
 */
export const STANDARD_BREAKER: BreakerRules = {
  countsHttpFailures: true,
  consecutive: { failures: 10, distinctDeliveries: 5 },
  rate: { windowMs: 300_000, requests: 20, share: 0.7, distinctDeliveries: 10 },
  probeInterval: { firstMs: 30_000, longestMs: 600_000, factor: 2 },
  disableAfter: null,
};
