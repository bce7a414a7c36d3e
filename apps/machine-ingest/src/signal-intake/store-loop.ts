import { waitUnlessStopped } from './backoff';
import type { OpenSourceHealth, SourceContext } from './source-kind';

export interface StoreLoopParts<Batch> {
  /** What is stored next, taken from the front of what waits; null while nothing does. */
  readonly next: () => Batch | null | Promise<Batch | null>;
  /** Called again with the same batch after it has failed; what of it is stored already is for it to know. */
  readonly store: (batch: Batch) => Promise<void>;
  /** All of it is stored: its peer may be told, and forget it. */
  readonly stored: (batch: Batch) => void;
  /** What the sink has given up on; it is tried again. */
  readonly onFailure: (error: Error) => void;
  /** Lets what comes at one time come together before the first of it is stored. */
  readonly gathered: () => Promise<unknown>;
  /** Ends tries that do not get through. */
  readonly stopping: AbortSignal;
  /** Between two tries, ms. */
  readonly againMs?: number;
}

/** The sink has tried at a growing pace of its own before it gives up. */
const STORE_AGAIN_MS = 1_000;

/**
 * Takes what was read to the sink: in order, one batch after the other, each until it is stored or the source is stopped. How
 * much may wait, what goes together, and what a peer is told are matters of whoever reads.
 */
export class StoreLoop<Batch> {
  private running: Promise<void> | null = null;
  private woken = false;

  constructor(private readonly parts: StoreLoopParts<Batch>) {}

  /** Something waits. */
  wake(): void {
    this.woken = true;
    if (this.running !== null || this.parts.stopping.aborted) return;
    this.running = this.run().finally(() => {
      this.running = null;
      if (this.woken) this.wake();
    });
  }

  /** Resolves when nothing waits any more, or nothing of it will be stored any more. */
  async rest(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  private async run(): Promise<void> {
    const { gathered, next, stored, stopping } = this.parts;
    await gathered();
    while (!stopping.aborted) {
      this.woken = false;
      const batch = await next();
      if (batch !== null) {
        if (await this.storeAtLast(batch)) stored(batch);
      } else if (!this.woken) return;
    }
  }

  /** False: the source was stopped before that. */
  private async storeAtLast(batch: Batch): Promise<boolean> {
    const { store, onFailure, stopping, againMs = STORE_AGAIN_MS } = this.parts;
    while (!stopping.aborted)
      try {
        await store(batch);
        return true;
      } catch (error) {
        if (stopping.aborted) return false;
        onFailure(error as Error);
        await waitUnlessStopped(againMs, stopping);
      }
    return false;
  }
}

/** Tells people of what the sink has given up on; gives what the source's health is to say of it. */
export const notStored = (
  { name, clock, logger }: Pick<SourceContext, 'name' | 'clock' | 'logger'>,
  { message }: Error,
): NonNullable<OpenSourceHealth['lastError']> => {
  logger.error({ source: name, error: message }, 'signals not stored');
  return { at: clock(), detail: `Signals cannot be stored: ${message}` };
};
