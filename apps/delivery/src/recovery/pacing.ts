/** Most deliveries in one step, however high the rate. */
const LARGEST_STEP = 500;
const STEPS_PER_SECOND = 4;

/** Spreads what a recovery makes over time. After a rest nothing is made up for: the rate is a cap, not an average. */
export class Pacing {
  private free = Number.NEGATIVE_INFINITY;

  constructor(private readonly perSecond: number) {}

  /** How many to make in one go, so that a rate comes as a stream and not as a burst each second. */
  get step(): number {
    return Math.max(1, Math.min(LARGEST_STEP, Math.floor(this.perSecond / STEPS_PER_SECOND)));
  }

  /** Takes the place of `count` deliveries in the stream; answers the wait in ms until they may be made. */
  take(count: number, ticks: number): number {
    const start = Math.max(ticks, this.free);
    this.free = start + (count * 1_000) / this.perSecond;
    return start - ticks;
  }
}
