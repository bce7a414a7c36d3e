import type { DeliveryTask } from '../delivery/delivery-task';

/**
 * The longest time that is believed to have passed between the planning of an attempt, or a hop, and the append of its
 * record. What exceeds it is no way to the broker but two clocks that disagree.
 */
export const LONGEST_TRANSIT_MS = 1_000;

/**
 * Unix ms at which a waiting task is due. Its record says what was still to be waited when it was written, and the broker
 * says when it was appended; the way in between has been waited too, and would add up over the hops of a delay.
 * `plannedAt`, which stays the same on the whole way, tells how long it was. It may only shorten the wait, and only by as
 * much as such a way takes, so a writer whose clock was wrong makes a task late by that way, and never early.
 */
export const dueTime = (appendedAt: number, task: Pick<DeliveryTask, 'remainingDelayMs' | 'plannedAt'>): number => {
  const counted = appendedAt + task.remainingDelayMs;
  const { plannedAt } = task;
  return plannedAt !== null && plannedAt < counted && counted - plannedAt <= LONGEST_TRANSIT_MS ? plannedAt : counted;
};
