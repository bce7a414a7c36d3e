export interface PaceLimits {
  /** Moves per second, whatever the process has to do. */
  readonly least: number;
  /** Moves per second at first. */
  readonly first: number;
  readonly most: number;
}

/** What would come in this time may go at once: large bursts would stand before the live deliveries of the same process. */
const BURST_MS = 20;
/** How often the rate is looked at. */
const TUNE_EVERY_MS = 200;
/** Above this share of its time the process has no room for more moves; below the other it has. */
const BUSY = 0.8;
const AT_EASE = 0.6;
const SLOWER = 0.8;
const FASTER = 1.1;

/**
 * How many moves may go now. The rate follows what the process has to do: its event loop serves live deliveries too, and what it does
 * beyond its capacity makes them late. Only what is held up shows whether a rate is right, so it stays while nothing is.
 */
export class Pace {
  private rate: number;
  private left: number;
  private at: number;
  private tunedAt: number;

  /**
   * @param ticks ms of a clock that nobody sets
   * @param utilization share of its time, 0 to 1, that the process was busy since the last call
   */
  constructor(
    private readonly limits: PaceLimits,
    private readonly utilization: () => number,
    ticks: number,
  ) {
    this.rate = limits.first;
    this.left = this.burst;
    this.at = ticks;
    this.tunedAt = ticks;
  }

  get perSecond(): number {
    return this.rate;
  }

  /** How many may go now, of so many that are due. */
  allowed(due: number, ticks: number): number {
    if (due > this.burst) this.tune(ticks);
    this.left = Math.min(this.burst, this.left + ((ticks - this.at) * this.rate) / 1_000);
    this.at = ticks;
    return Math.min(due, Math.floor(this.left));
  }

  spend(count: number): void {
    this.left -= count;
  }

  /** Whole ms from the last look until so many may go, or a full burst. */
  waitFor(count: number): number {
    return Math.max(0, Math.ceil(((Math.min(count, this.burst) - this.left) * 1_000) / this.rate));
  }

  private get burst(): number {
    return Math.max(1, (this.rate * BURST_MS) / 1_000);
  }

  private tune(ticks: number): void {
    if (ticks - this.tunedAt < TUNE_EVERY_MS) return;
    const { least, most } = this.limits;
    const utilization = this.utilization();
    // What was measured over a quiet while before says nothing of this rate.
    const fresh = ticks - this.tunedAt < 2 * TUNE_EVERY_MS;
    this.tunedAt = ticks;
    if (!fresh) return;
    if (utilization > BUSY) this.rate = Math.max(least, this.rate * SLOWER);
    else if (utilization < AT_EASE) this.rate = Math.min(most, this.rate * FASTER);
  }
}

/** Share of its time that the event loop of this process was busy since the last call. */
export const loopUtilization = (): (() => number) => {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
};
