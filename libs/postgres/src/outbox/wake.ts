/** A level-triggered wake-up call: a notify between two waits is not lost. */
export class Wake {
  private pending = false;
  private wakeWaiter: (() => void) | null = null;

  notify(): void {
    this.pending = true;
    this.wakeWaiter?.();
  }

  /** Resolves on a notify, or after `ms`. With `timer only` a notify is kept for the next wait. */
  async wait(ms: number, mode: 'any' | 'timer only' = 'any'): Promise<void> {
    if (mode === 'timer only') {
      await new Promise<void>((resolve) => setTimeout(resolve, ms));
      return;
    }
    if (!this.pending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wakeWaiter = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wakeWaiter = null;
    }
    this.pending = false;
  }
}
