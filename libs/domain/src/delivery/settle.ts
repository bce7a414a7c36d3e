import type { Contract } from '../contract/contract';
import type { Endpoint } from '../endpoint-lifecycle/endpoint';
import { retryPolicyOf } from '../endpoint-lifecycle/endpoint-settings';
import { delayBeforeRetry, parseRetryAfter } from '../retry-schedule/retry-policy';
import type { DeliveryTask } from './delivery-task';
import type { Outcome } from './outcome';

/** What becomes of a delivery after an attempt. The handler carries it out and decides nothing of its own. */
export type Settlement =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'retry'; readonly delayMs: number; readonly plannedAt: number }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'expired' }
  /** The receiver wants no more: this delivery has failed, and its endpoint is disabled. */
  | { readonly kind: 'endpoint_gone' };

export interface SettleInput {
  readonly task: DeliveryTask;
  readonly contract: Contract;
  readonly endpoint: Pick<Endpoint, 'retry'>;
  readonly outcome: Outcome;
  /** Unix ms, the end of the attempt: delays count from it. */
  readonly now: number;
  /** In [0, 1), for the jitter. */
  readonly random: number;
  /** Factor on every delay and expiry (`MILLRACE_TIME_SCALE`). */
  readonly timeScale: number;
}

/**
 * Pure. The number of the retry is the number of attempts so far, so a repeat after a crash meets the same schedule.
 * `Retry-After` lengthens a wait, never shortens it, and is honoured in full up to the expiry.
 */
export const settle = ({ task, contract, endpoint, outcome, now, random, timeScale }: SettleInput): Settlement => {
  if (outcome.kind === 'response') {
    if (contract.succeeded(outcome.status)) return { kind: 'succeeded' };
    if (contract.disables(outcome.status)) return { kind: 'endpoint_gone' };
  }
  const scheduled = delayBeforeRetry(retryPolicyOf(endpoint, contract), task.attempt - 1, random);
  if (scheduled === null) return { kind: 'exhausted' };
  const asked =
    outcome.kind === 'response' && contract.honoursRetryAfter(outcome.status)
      ? parseRetryAfter(outcome.headers['retry-after'], now)
      : null;
  const delayMs = Math.ceil(Math.max(scheduled * timeScale, asked ?? 0));
  const plannedAt = now + delayMs;
  if (task.expiresAt !== null && plannedAt > task.expiresAt) return { kind: 'expired' };
  return { kind: 'retry', delayMs, plannedAt };
};

/** The task of the next attempt. */
export const nextAttempt = (task: DeliveryTask, delayMs: number, plannedAt: number, now: number): DeliveryTask => ({
  ...task,
  attempt: task.attempt + 1,
  firstFailedAt: task.firstFailedAt ?? now,
  remainingDelayMs: delayMs,
  plannedAt,
});
