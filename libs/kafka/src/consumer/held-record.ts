import type { IncomingMessage } from '@millrace/protocol';
import type { ConsumedRecord } from './windowed-consumer';

/** The side of a partition that its records know. */
export interface RecordKeeper {
  readonly epoch: number;
  readonly current: boolean;
  finish(ticket: number, bytes: number): void;
}

export class HeldRecord implements ConsumedRecord {
  private open = true;

  constructor(
    readonly message: IncomingMessage,
    private readonly keeper: RecordKeeper,
    private readonly ticket: number,
    private readonly bytes: number,
  ) {}

  get epoch(): number {
    return this.keeper.epoch;
  }

  get current(): boolean {
    return this.keeper.current;
  }

  complete(): void {
    if (!this.open) return;
    this.open = false;
    this.keeper.finish(this.ticket, this.bytes);
  }
}
