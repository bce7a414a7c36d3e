import type { ConsumerWindow } from './windowed-consumer';

/** What one partition holds, and what all of a consumer's hold. Held: handed out and not complete. */
export interface Load {
  readonly heldRecords: number;
  readonly heldBytes: number;
  /** Fetched and not handed out. */
  readonly waitingRecords: number;
  readonly waitingBytes: number;
  /** Records from the watermark on, finished or not. */
  readonly span: number;
  readonly pausedByHandler: boolean;
  /** Of all partitions. */
  readonly totalHeldBytes: number;
  readonly totalWaitingBytes: number;
  readonly partitions: number;
}

/**
 * Past the watermark a partition goes on for so many windows, and so many records at least: what finished there is repeated after a
 * crash if it does not fit into the commit. A record that waits for its time-out may not hold back what comes in that time, a
 * thousand records a second for half a minute, and a few that are late leave few gaps, which do fit.
 */
const SPAN_WINDOWS = 10;
const SPAN_RECORDS = 100_000;

/**
 * When all together have more than half of the byte limit, each partition is kept to its share of the other half: a
 * partition whose records wait for hours cannot starve one whose records are due now.
 */
const overItsShare = (own: number, total: number, load: Load, window: ConsumerWindow): boolean =>
  total * 2 >= window.bytes && own * 2 * Math.max(1, load.partitions) >= window.bytes;

export const mayHandOut = (load: Load, window: ConsumerWindow): boolean => {
  if (load.pausedByHandler || load.heldRecords >= window.recordsPerPartition) return false;
  if (load.heldRecords === 0) return true;
  return (
    load.span < Math.max(SPAN_RECORDS, SPAN_WINDOWS * window.recordsPerPartition) &&
    !overItsShare(load.heldBytes, load.totalHeldBytes, load, window)
  );
};

/** Fetching goes on while less than half a window waits, so that the next records are there when the window moves. */
export const mayFetch = (load: Load, window: ConsumerWindow): boolean => {
  if (load.waitingRecords * 2 >= window.recordsPerPartition) return false;
  if (load.pausedByHandler && load.waitingRecords > 0) return false;
  const own = load.heldBytes + load.waitingBytes;
  return own === 0 || !overItsShare(own, load.totalHeldBytes + load.totalWaitingBytes, load, window);
};
