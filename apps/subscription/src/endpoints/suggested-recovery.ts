import { contractNamed } from '@millrace/domain';
import { type ChangedEndpointView, RECOVERY_LIMITS } from '@millrace/protocol';
import type { StoredEndpoint } from './stored-endpoint';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A suggestion is still good some time after it was made. */
const OLDEST_MS = RECOVERY_LIMITS.days * DAY_MS - HOUR_MS;

/**
 * What to recover when an endpoint becomes active again. What came while it was paused or disabled is parked and goes on by
 * itself. Lost to it is what had failed before Millrace disabled it, and what expired while it was parked, if it was so for
 * long enough.
 *
 * A delivery that failed at the end was accepted as long before as its retries take, so the suggestion begins a whole
 * schedule before the change of status, and at least a day. It names only failed deliveries; the others are not repeated.
 */
export const suggestedRecovery = (
  before: StoredEndpoint,
  nowMs: number,
  timeScale: number,
): ChangedEndpointView['recovery'] => {
  const contract = contractNamed(before.contract);
  if (before.status === 'active' || contract === undefined) return null;
  const { delaysMs, jitter } = before.retry ?? contract.retry;
  const schedule = delaysMs.reduce((sum, delay) => sum + delay, 0) * (1 + jitter) * timeScale;
  const begin = Date.parse(before.statusSince) - Math.max(schedule, DAY_MS * timeScale);
  const mayHaveExpired = begin + contract.expiry.ms * timeScale < nowMs;
  if (before.status === 'paused' && !mayHaveExpired) return null;
  const since = Math.max(begin, Date.parse(before.createdAt), nowMs - OLDEST_MS);
  return {
    suggested: { only: 'failed', since: new Date(since).toISOString() },
    call: `POST /v1/endpoints/${before.id}/recover`,
  };
};
