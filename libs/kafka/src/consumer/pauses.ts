import type { ConsumerWindow } from './windowed-consumer';

/** What one partition holds, and what all of a consumer's hold. */
export interface Load {
  /** Handed out and not complete. */
  readonly heldRecords: number;
  /** Fetched and not handed out. */
  readonly waitingRecords: number;
  /** Of this partition: handed out or waiting. */
  readonly bytes: number;
  /** Records from the watermark on, finished or not. */
  readonly span: number;
  readonly pausedByHandler: boolean;
  readonly totalBytes: number;
  readonly partitions: number;
}

/** Past the watermark a partition goes on for so many windows: what finished there is repeated after a crash if it does not fit into the commit. */
const SPAN_WINDOWS = 10;

/**
 * When all hold more than half of the byte limit, each partition is held to its share of the other half: a partition whose
 * records wait for hours cannot starve one whose records are due now.
 */
const overItsShare = (load: Load, window: ConsumerWindow): boolean =>
  load.totalBytes * 2 >= window.bytes && load.bytes * 2 * Math.max(1, load.partitions) >= window.bytes;

export const mayHandOut = (load: Load, window: ConsumerWindow): boolean => {
  if (load.pausedByHandler || load.heldRecords >= window.recordsPerPartition) return false;
  if (load.heldRecords === 0) return true;
  return load.span < SPAN_WINDOWS * window.recordsPerPartition && !overItsShare(load, window);
};

/** Fetching goes on while less than half a window waits, so that the next records are there when the window moves. */
export const mayFetch = (load: Load, window: ConsumerWindow): boolean =>
  !(load.pausedByHandler && load.waitingRecords > 0) &&
  load.waitingRecords * 2 < window.recordsPerPartition &&
  (load.heldRecords + load.waitingRecords === 0 || !overItsShare(load, window));
