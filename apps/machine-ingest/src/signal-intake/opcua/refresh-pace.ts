/** Between two requests for all conditions because events were lost, ms. */
const AGAIN_MS = 30_000;

/**
 * When a server is asked for all its conditions because events of it were lost. Where its queue has room for fewer events than it
 * has conditions, its answer is what overflows: asked again for that, it would be asked for ever. Times are those of a clock that
 * nobody sets, ms.
 */
export class RefreshPace {
  private askedAt = Number.NEGATIVE_INFINITY;
  private owed = false;
  /** Handles of the notifiers whose answer has not ended. */
  private readonly answering = new Set<number>();

  asked(notifiers: Iterable<number>, now: number): void {
    this.askedAt = now;
    this.owed = false;
    for (const notifier of notifiers) this.answering.add(notifier);
  }

  /** A notifier has named all its conditions. */
  answered(notifier: number): void {
    this.answering.delete(notifier);
  }

  /** Events of a notifier were lost, and not by its answer: the server is to be asked, once it is time. */
  lost(notifier: number, now: number): void {
    if (this.answering.has(notifier) && now - this.askedAt < AGAIN_MS) return;
    this.owed = true;
  }

  isDue(now: number): boolean {
    return this.owed && now - this.askedAt >= AGAIN_MS;
  }
}
