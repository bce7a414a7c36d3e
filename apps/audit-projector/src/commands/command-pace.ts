/** Spreads the commands of all calls by filter over time, so that an operator's click is no storm. */
export class CommandPace {
  private freeAt = 0;

  constructor(
    private readonly perSecond: number,
    /** Unix ms. */
    private readonly now: () => number,
    private readonly sleep: (ms: number) => Promise<unknown>,
  ) {}

  /** Waits until so many may go; they count from the end of those that were let go before. */
  async take(count: number): Promise<void> {
    const now = this.now();
    const from = Math.max(now, this.freeAt);
    this.freeAt = from + (count / this.perSecond) * 1_000;
    if (from > now) await this.sleep(from - now);
  }
}
