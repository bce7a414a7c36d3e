/** The longest that a timer is set for; Node fires at once what is set for more than 24 days. */
const LONGEST_MS = 60_000;

/** Things that are to happen later, and can be called off together. */
export class Timers {
  private readonly pending = new Set<NodeJS.Timeout>();

  /** At once, in this turn, when there is nothing to wait for. */
  after(waitMs: number, act: () => void): void {
    if (waitMs <= 0) {
      act();
      return;
    }
    const timer = setTimeout(
      () => {
        this.pending.delete(timer);
        this.after(waitMs - LONGEST_MS, act);
      },
      Math.min(waitMs, LONGEST_MS),
    );
    timer.unref();
    this.pending.add(timer);
  }

  clear(): void {
    for (const timer of this.pending) clearTimeout(timer);
    this.pending.clear();
  }
}
