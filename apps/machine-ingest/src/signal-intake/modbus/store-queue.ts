import type { Signal } from '@millrace/domain';
import { waitUnlessStopped } from '../backoff';
import type { RefusedLine } from '../source';
import type { SourceCursor, SourceSink } from '../source-kind';

/** Signals held between the polls and Kafka; above, nothing is polled. */
const HELD = 5_000;
const BATCH = 1_000;
const STORE_AGAIN_MS = 1_000;

type Held =
  | { readonly kind: 'signal'; readonly signal: Signal; readonly since: number }
  | { readonly kind: 'refused'; readonly line: RefusedLine; readonly since: number };

/** What was read, on its way to Kafka: in order, one append after the other. */
export class StoreQueue {
  /** What a successor is to know; stored with what comes next when it is another one. */
  cursor: SourceCursor | null = null;
  private stored: SourceCursor | null = null;
  private readonly held: Held[] = [];
  private pumping: Promise<void> | null = null;

  constructor(
    private readonly sink: SourceSink,
    private readonly clock: () => number,
    /** Ends appends that do not get through. */
    private readonly stopping: AbortSignal,
    /** What the sink has given up on; it is tried again. */
    private readonly onFailure: (error: Error) => void,
  ) {}

  get size(): number {
    return this.held.length;
  }

  get hasRoom(): boolean {
    return this.held.length < HELD;
  }

  /** Age of what has waited longest, ms. */
  get ageMs(): number {
    const [first] = this.held;
    return first === undefined ? 0 : Math.max(0, this.clock() - first.since);
  }

  put(signals: readonly Signal[]): void {
    const since = this.clock();
    for (const signal of signals) this.held.push({ kind: 'signal', signal, since });
    this.pump();
  }

  refuse(line: RefusedLine): void {
    this.held.push({ kind: 'refused', line, since: this.clock() });
    this.pump();
  }

  /** Resolves when all is stored, or nothing will be any more. */
  async empty(): Promise<void> {
    while (this.pumping !== null) await this.pumping;
  }

  private pump(): void {
    if (this.pumping !== null || this.held.length === 0 || this.stopping.aborted) return;
    this.pumping = this.drain().finally(() => {
      this.pumping = null;
      this.pump();
    });
  }

  private async drain(): Promise<void> {
    // lets what one poll brought gather before the first append
    await Promise.resolve();
    const { stopping } = this;
    while (this.held.length > 0 && !stopping.aborted) {
      const first = this.held[0]!;
      try {
        if (first.kind === 'refused') {
          await this.sink.refuse(first.line, stopping);
          this.held.shift();
        } else {
          const signals: Signal[] = [];
          for (const one of this.held) {
            if (one.kind === 'refused' || signals.length >= BATCH) break;
            signals.push(one.signal);
          }
          const { cursor } = this;
          await this.sink.append(signals, { ...(cursor !== null && cursor !== this.stored && { cursor }), stopping });
          this.stored = cursor;
          this.held.splice(0, signals.length);
        }
      } catch (error) {
        if (stopping.aborted) return;
        this.onFailure(error as Error);
        await waitUnlessStopped(STORE_AGAIN_MS, stopping);
      }
    }
  }
}
