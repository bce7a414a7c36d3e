import type { BreakerRules } from './breaker-rules';

/** Failures in a row towards a contract's limit, and the highest share of it that was alerted (100: the limit itself). */
export interface DisableCount {
  readonly failures: number;
  readonly alerted: 0 | AlertShare | 100;
}

/** Per cent of the limit. */
export type AlertShare = 50 | 70 | 90;

export type DisableChange =
  | {
      readonly kind: 'disable_warning';
      readonly share: AlertShare;
      readonly failures: number;
      readonly limit: number;
    }
  | { readonly kind: 'disable'; readonly failures: number; readonly limit: number };

export interface DisableReport {
  readonly succeeded: boolean;
  /** The attempt failed; a 429 does not count as that. */
  readonly failed: boolean;
  /** The delivery has ended without success. */
  readonly deliveryEnded: boolean;
}

export const NOT_DISABLING: DisableCount = Object.freeze({ failures: 0, alerted: 0 });

const SHARES_FROM_TOP = [90, 70, 50] as const;

/** Each share is alerted once until a success resets the count, the limit once until the endpoint is enabled again. */
export const countTowardsDisable = (
  count: DisableCount,
  report: DisableReport,
  disableAfter: BreakerRules['disableAfter'],
): { readonly count: DisableCount; readonly change: DisableChange | null } => {
  if (report.succeeded) return { count: count.failures === 0 ? count : NOT_DISABLING, change: null };
  const counts = disableAfter?.counts === 'deliveries' ? report.deliveryEnded : report.failed;
  if (disableAfter === null || !counts) return { count, change: null };
  const failures = count.failures + 1;
  const limit = disableAfter.failures;
  if (count.alerted !== 100 && failures >= limit)
    return { count: { failures, alerted: 100 }, change: { kind: 'disable', failures, limit } };
  const share = SHARES_FROM_TOP.find((each) => failures * 100 >= limit * each);
  return share === undefined || share <= count.alerted
    ? { count: { failures, alerted: count.alerted }, change: null }
    : { count: { failures, alerted: share }, change: { kind: 'disable_warning', share, failures, limit } };
};
