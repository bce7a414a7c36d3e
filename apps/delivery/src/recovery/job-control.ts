/** Why a job stops before its end: its user wants it so, the endpoint has another owner now, or the process ends. */
export type StopReason = 'pause' | 'cancel' | 'lost' | 'shutdown';

export class JobStopped extends Error {
  override readonly name = 'JobStopped';
  constructor(readonly reason: StopReason) {
    super(`the job was stopped: ${reason}`);
  }
}

/** Stops a job at its next step, and cuts its waits short. */
export class JobControl {
  private reason: StopReason | null = null;
  private readonly sleepers = new Set<() => void>();

  /** A later reason takes the place of an earlier one, but nothing that of a lost endpoint: its new owner decides. */
  stop(reason: StopReason): void {
    if (this.reason !== 'lost') this.reason = reason;
    for (const wake of this.sleepers) wake();
  }

  /** @throws JobStopped */
  check(): void {
    if (this.reason !== null) throw new JobStopped(this.reason);
  }

  /** @throws JobStopped */
  async wait(ms: number): Promise<void> {
    this.check();
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.sleepers.add(wake);
    });
    this.check();
  }
}
