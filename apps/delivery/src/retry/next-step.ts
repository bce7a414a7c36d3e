import { type DeliveryTask, dueTime, nextHop, type RetryTier } from '@millrace/domain';

/** Where a task goes when it has waited in a tier: into the next one, or back to its endpoint's owner. */
export type NextStep =
  | { readonly kind: 'hop'; readonly tier: RetryTier; readonly task: DeliveryTask }
  | { readonly kind: 'due'; readonly task: DeliveryTask };

export interface WaitInput {
  readonly task: Pick<DeliveryTask, 'remainingDelayMs' | 'plannedAt'>;
  readonly tier: RetryTier;
  /** Unix ms at which the broker appended the record to its tier. */
  readonly appendedAt: number;
  /** `MILLRACE_TIME_SCALE`. */
  readonly timeScale: number;
  /** How long before its due time a task goes to its owner, in ms. */
  readonly leadMs: number;
}

export interface WaitInTier {
  /** Unix ms at which the task leaves the tier. */
  readonly leaveAt: number;
  /** Unix ms at which its attempt is to be made. */
  readonly due: number;
}

/** Unix ms at which a record has been in its tier for the tier's delay; fractions are rounded up. */
export const tierEnd = (appendedAt: number, tier: RetryTier, timeScale: number): number =>
  appendedAt + Math.ceil(tier.delayMs * timeScale);

/**
 * Pure. A task that has another tier before it leaves when the tier's delay is over. The last tier keeps it, beyond its
 * own delay, until shortly before it is due: then it is at its owner in time, and the way there makes it no later; and it
 * does not fill the owner's memory before.
 */
export const waitInTier = ({ task, tier, appendedAt, timeScale, leadMs }: WaitInput): WaitInTier => {
  const due = dueTime(appendedAt, task);
  const ends = tierEnd(appendedAt, tier, timeScale);
  return { due, leaveAt: hopAfter(due - ends, timeScale, leadMs) ? ends : due - leadMs };
};

/**
 * Pure. What is left when a task leaves a tier is counted from its due time, so that the lateness of one hop does not add
 * to the next.
 *
 * @param restMs what is left, in ms
 */
export const nextStep = (task: DeliveryTask, restMs: number, timeScale: number, leadMs: number): NextStep => {
  const remainingDelayMs = Math.max(0, Math.ceil(restMs));
  const tier = hopAfter(remainingDelayMs, timeScale, leadMs);
  return tier
    ? { kind: 'hop', tier, task: { ...task, remainingDelayMs } }
    : { kind: 'due', task: { ...task, remainingDelayMs } };
};

/** The next tier for a rest; none for one that is shorter than the smallest, or that the owner holds. */
const hopAfter = (restMs: number, timeScale: number, leadMs: number): RetryTier | undefined =>
  restMs > leadMs ? nextHop(restMs / timeScale) : undefined;
