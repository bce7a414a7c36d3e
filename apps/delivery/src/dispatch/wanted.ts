import type { DispatchWork } from './dispatch.ports';
import type { Lanes } from './lanes';

/** Deliveries that wait for each place, when no more are wanted. */
const QUEUED_AHEAD = 2;

/**
 * How much more of the log is wanted: nothing while every place is taken and twice as many wait for one, for what is read then
 * is only memory, and the garbage collector carries it along. While a place is free, though the lanes of those that are here are
 * full, more is wanted: it may be somebody else's. What comes back from parked storage does not count: a backlog that drains
 * would keep everybody's first attempts out.
 */
export class Wanted {
  /** Deliveries that wait in lanes and did not come back from parked storage. */
  private waiting = 0;
  /** More of them wait than can be begun soon. */
  private full = false;

  /** @param places requests in flight of the whole process */
  constructor(
    private readonly lanes: Lanes<DispatchWork>,
    private readonly places: number,
  ) {}

  noteQueued(work: DispatchWork): void {
    if (!work.parked) this.waiting++;
  }

  /** It waits in its lane no longer. */
  noteLeft(work: DispatchWork): void {
    if (!work.parked) this.waiting--;
  }

  get more(): boolean {
    this.full = isFull(this.full, this.lanes.inFlight, this.waiting, this.places);
    return !this.full;
  }
}

/** Pure. Full from as many as wait ahead of every place on, until no more wait than there are places. */
const isFull = (before: boolean, inFlight: number, waiting: number, places: number): boolean => {
  if (inFlight < places || waiting <= places) return false;
  return waiting >= QUEUED_AHEAD * places || before;
};
