/** More than the line begins in a minute (it takes about 45 s for one), so that a start is ahead of where the last one ended. */
const ORDERS_A_MINUTE = 10;
const FIRST = 10_000;
/** Of seven digits at most; after that the numbers begin anew, which takes some 600 days. */
const RANGE = 9_000_000;

/**
 * Orders of two starts differ, so that a bundle of today is not taken for a correction of yesterday's. `startedAt`: Unix ms.
 */
export const firstOrderAt = (startedAt: number): number =>
  FIRST + (Math.floor((startedAt * ORDERS_A_MINUTE) / 60_000) % RANGE);
