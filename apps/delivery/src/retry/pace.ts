/** A bucket of moves: so many a second in the long run, and at once what a short while would bring. */
export class Pace {
  private readonly most: number;
  private left: number;
  private at: number;

  /** @param ticks ms of a clock that nobody sets */
  constructor(
    private readonly perSecond: number,
    burstMs: number,
    ticks: number,
  ) {
    this.most = Math.max(1, (perSecond * burstMs) / 1_000);
    this.left = this.most;
    this.at = ticks;
  }

  /** How many may go now. */
  allowed(ticks: number): number {
    this.left = Math.min(this.most, this.left + ((ticks - this.at) * this.perSecond) / 1_000);
    this.at = ticks;
    return Math.floor(this.left);
  }

  spend(count: number): void {
    this.left -= count;
  }

  /** Whole ms from the last look until so many may go, or a full burst. */
  waitFor(count: number): number {
    return Math.max(0, Math.ceil(((Math.min(count, this.most) - this.left) * 1_000) / this.perSecond));
  }
}
