import type { DispatchWork } from './dispatch.ports';
import type { Lanes } from './lanes';

/** The end of the process: nothing more is begun, and what is under way is waited for until it is on record. */
export class Drain {
  private begun = false;
  /** Tasks and facts on their way to Kafka that belong to no request. */
  private writing = 0;
  private whenIdle: () => void = () => {};

  constructor(private readonly lanes: Lanes<DispatchWork>) {}

  get stopping(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
  }

  /** Resolves when nothing is under way, at the latest after `drainMs`. */
  async done(drainMs: number): Promise<void> {
    if (this.idle) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, drainMs);
      this.whenIdle = () => {
        clearTimeout(late);
        resolve();
      };
    });
  }

  /** Something that belongs to no request is being written, or is not any more. */
  noteWriting(change: 1 | -1): void {
    this.writing += change;
    this.noteEnd();
  }

  /** To be called when a request has ended and its place is free. */
  noteEnd(): void {
    if (this.idle) this.whenIdle();
  }

  private get idle(): boolean {
    return this.lanes.inFlight === 0 && this.writing === 0;
  }
}
