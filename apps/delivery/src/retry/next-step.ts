import { type DeliveryTask, nextHop, type RetryTier } from '@millrace/domain';

/** Where a task goes when it has waited in a tier: into the next one, or back to its endpoint's owner. */
export type NextStep =
  | { readonly kind: 'hop'; readonly tier: RetryTier; readonly task: DeliveryTask }
  | { readonly kind: 'due'; readonly task: DeliveryTask };

export interface WaitedInput {
  readonly task: DeliveryTask;
  /** Unix ms at which the broker appended the record to its tier. */
  readonly appendedAt: number;
  /** Unix ms, at or after the record was due. */
  readonly now: number;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
}

/** Unix ms at which a record of a tier has waited its time: never early, so fractions are rounded up. */
export const dueAt = (appendedAt: number, tier: RetryTier, timeScale: number): number =>
  appendedAt + Math.ceil(tier.delayMs * timeScale);

/**
 * Pure. What was waited beyond the tier's own delay counts too, so the lateness of one hop does not add to the next. A rest
 * shorter than the smallest tier goes back with the task; its owner holds it in memory.
 */
export const nextStep = ({ task, appendedAt, now, timeScale }: WaitedInput): NextStep => {
  const remainingDelayMs = Math.max(0, task.remainingDelayMs - (now - appendedAt));
  const tier = nextHop(remainingDelayMs / timeScale);
  return tier
    ? { kind: 'hop', tier, task: { ...task, remainingDelayMs } }
    : { kind: 'due', task: { ...task, remainingDelayMs } };
};
