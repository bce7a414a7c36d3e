import type { Signal } from '@millrace/domain';
import { waitUnlessStopped } from '../backoff';

/** What waits to be written: `write` makes its signals when its turn comes, `stored` is called once they are stored. */
export interface Waiting {
  readonly kind: 'message' | 'word';
  readonly receivedAt: number;
  /** Values and events in it. */
  readonly size: number;
  readonly write: () => Signal[] | Promise<Signal[]>;
  readonly stored: () => void;
}

/** Signals of one append. */
const BATCH = 2_000;
const STORE_AGAIN_MS = 1_000;

/**
 * What was read and is not yet stored, in order: first come, first stored, one append after the other. It does not bound
 * itself; who asks the server for more looks at `messages` before.
 */
export class MessageQueue {
  private readonly waiting: Waiting[] = [];
  private pumping: Promise<void> | null = null;
  private drained: Array<() => void> = [];
  /** Messages being stored, beside those that wait. */
  private underWay: readonly Waiting[] = [];

  constructor(
    private readonly append: (signals: readonly Signal[]) => Promise<void>,
    private readonly stopping: AbortSignal,
    /** What the sink has given up on; it is tried again. */
    private readonly onFailure: (error: Error) => void,
  ) {}

  get messages(): number {
    return [...this.waiting, ...this.underWay].filter(({ kind }) => kind === 'message').length;
  }

  get size(): number {
    return [...this.waiting, ...this.underWay].reduce((sum, { size }) => sum + size, 0);
  }

  /** When the oldest of it was received, Unix ms; null for none. */
  get since(): number | null {
    return (this.underWay[0] ?? this.waiting[0])?.receivedAt ?? null;
  }

  put(one: Waiting): void {
    this.waiting.push(one);
    this.pump();
  }

  /** Resolves when all is stored that was put before. */
  async empty(): Promise<void> {
    if (this.pumping === null) return;
    await new Promise<void>((resolve) => this.drained.push(resolve));
  }

  private pump(): void {
    if (this.pumping !== null || this.waiting.length === 0 || this.stopping.aborted) return;
    this.pumping = this.store().finally(() => {
      this.pumping = null;
      for (const done of this.drained.splice(0)) done();
    });
  }

  private async store(): Promise<void> {
    while (this.waiting.length > 0 && !this.stopping.aborted) {
      const batch: Waiting[] = [];
      const signals: Signal[] = [];
      while (this.waiting.length > 0 && signals.length < BATCH) {
        const next = this.waiting.shift()!;
        batch.push(next);
        this.underWay = batch;
        signals.push(...(await next.write()));
      }
      for (let from = 0; from < signals.length; from += BATCH)
        if (!(await this.appendAtLast(signals.slice(from, from + BATCH)))) return;
      this.underWay = [];
      for (const { stored } of batch) stored();
    }
  }

  /** False: the source was stopped before that. */
  private async appendAtLast(signals: readonly Signal[]): Promise<boolean> {
    while (!this.stopping.aborted)
      try {
        await this.append(signals);
        return true;
      } catch (error) {
        if (this.stopping.aborted) return false;
        this.onFailure(error as Error);
        await waitUnlessStopped(STORE_AGAIN_MS, this.stopping);
      }
    return false;
  }
}
