import type { Stretch } from './recovery-cursor';

/**
 * Takes stretches of many partitions in turns, the one that lags behind in time first, so that what a recovery makes comes
 * roughly in the order of acceptance: as exact as one fetch of a partition is long, and without holding records of the others.
 */
export class StretchesByTime {
  private readonly times = new Map<Stretch, number>();

  constructor(readonly all: readonly Stretch[]) {}

  /** Null when all are read. */
  next(): Stretch | null {
    let first: Stretch | null = null;
    let earliest = Number.POSITIVE_INFINITY;
    for (const stretch of this.all) {
      if (stretch.next >= stretch.end) continue;
      const time = this.times.get(stretch) ?? Number.NEGATIVE_INFINITY;
      if (first === null || time < earliest) {
        first = stretch;
        earliest = time;
      }
    }
    return first;
  }

  /** @param time Unix ms of acceptance of the last record that was read of the stretch */
  noteTime(stretch: Stretch, time: number): void {
    this.times.set(stretch, time);
  }
}
