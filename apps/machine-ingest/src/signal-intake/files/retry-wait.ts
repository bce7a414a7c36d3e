const FIRST_MS = 200;
const LONGEST_MS = 30_000;

/** How long to wait after so many failures in a row, ms: doubling, with full jitter. `random` is 0 to below 1. */
export const retryWait = (failures: number, random: () => number): number =>
  Math.ceil(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 20)));
