import type { Signal } from '@millrace/domain';
import type { RefusedLine } from './source';
import type { SourceCursor, SourceSink } from './source-kind';
import { StoreLoop } from './store-loop';
import { within } from './within';

/** Signals of one append. */
const BATCH = 2_000;
/** How long a stop waits for what was read to be stored, ms. */
const PARTING_MS = 2_000;

export interface StoreQueueParts {
  readonly sink: SourceSink;
  /** Unix ms. */
  readonly clock: () => number;
  /** What the sink has given up on; it is tried again. */
  readonly onFailure: (error: Error) => void;
  /** What a successor is to know; stored with what comes next where it is not what was stored last. */
  readonly cursor?: () => SourceCursor | null;
  /** Between two tries, ms. */
  readonly againMs?: number;
}

/** What is read now, and written when its turn comes. */
export interface Unwritten {
  /** Values and events in it. */
  readonly size: number;
  readonly write: () => readonly Signal[] | Promise<readonly Signal[]>;
  /** All of it is stored. */
  readonly stored?: () => void;
}

interface Waiting {
  /** Unix ms. */
  readonly since: number;
  readonly size: number;
  readonly what: Unwritten['write'] | RefusedLine;
  readonly stored: (() => void) | undefined;
}

/** Signals that go together, or one line that is refused; the signals become fewer as they are stored. */
type Batch =
  | { readonly kind: 'signals'; readonly signals: Signal[] }
  | { readonly kind: 'refused'; readonly line: RefusedLine };

/**
 * What a source has read that its peer does not keep for it, on its way to Kafka: first come, first stored. It does not bound
 * itself: whoever reads looks at `size` before it asks its peer for more.
 */
export class StoreQueue {
  private readonly waiting: Waiting[] = [];
  /** Being written or stored, before those that wait. */
  private underWay: Waiting[] = [];
  private held = 0;
  private storedCursor: string;
  private readonly stopping = new AbortController();
  private readonly loop: StoreLoop<Batch>;

  constructor(private readonly parts: StoreQueueParts) {
    this.storedCursor = JSON.stringify(this.cursor());
    this.loop = new StoreLoop({
      next: () => this.next(),
      store: (batch) => this.store(batch),
      stored: () => this.stored(),
      onFailure: parts.onFailure,
      gathered: () => Promise.resolve(),
      stopping: this.stopping.signal,
      againMs: parts.againMs,
    });
  }

  /** Of what was put and is not stored. */
  get size(): number {
    return this.held;
  }

  get isEmpty(): boolean {
    return this.waiting.length + this.underWay.length === 0;
  }

  /** Age of what has waited longest, ms. */
  get ageMs(): number {
    const first = this.underWay[0] ?? this.waiting[0];
    return first === undefined ? 0 : Math.max(0, this.parts.clock() - first.since);
  }

  put(signals: readonly Signal[], stored?: () => void): void {
    if (signals.length > 0) this.add(signals.length, () => signals, stored);
  }

  putUnwritten({ size, write, stored }: Unwritten): void {
    this.add(size, write, stored);
  }

  refuse(line: RefusedLine, stored?: () => void): void {
    this.add(1, line, stored);
  }

  /** Resolves when all is stored, or nothing will be any more. */
  empty(): Promise<void> {
    return this.loop.rest();
  }

  /** What was read is stored before another process goes on, unless Kafka lets it wait for too long. */
  async stop(): Promise<void> {
    await within(this.empty(), PARTING_MS);
    this.stopping.abort(new Error('the source is stopped'));
    await this.empty();
  }

  private add(size: number, what: Waiting['what'], stored: Waiting['stored']): void {
    this.waiting.push({ since: this.parts.clock(), size, what, stored });
    this.held += size;
    this.loop.wake();
  }

  private async next(): Promise<Batch | null> {
    const signals: Signal[] = [];
    for (let one = this.waiting[0]; one !== undefined && signals.length < BATCH; one = this.waiting[0]) {
      const { what } = one;
      if (typeof what !== 'function' && this.underWay.length > 0) break;
      this.waiting.shift();
      this.underWay.push(one);
      if (typeof what !== 'function') return { kind: 'refused', line: what };
      signals.push(...(await what()));
    }
    return this.underWay.length === 0 ? null : { kind: 'signals', signals };
  }

  private async store(batch: Batch): Promise<void> {
    const { sink } = this.parts;
    const stopping = this.stopping.signal;
    if (batch.kind === 'refused') {
      await sink.refuse(batch.line, stopping);
      return;
    }
    while (batch.signals.length > 0) {
      const cursor = this.cursor();
      const text = JSON.stringify(cursor);
      const isNew = cursor !== null && text !== this.storedCursor;
      await sink.append(batch.signals.slice(0, BATCH), { ...(isNew && { cursor }), stopping });
      this.storedCursor = text;
      batch.signals.splice(0, BATCH);
    }
  }

  private stored(): void {
    const done = this.underWay;
    this.underWay = [];
    for (const { size } of done) this.held -= size;
    for (const { stored } of done) stored?.();
  }

  private cursor(): SourceCursor | null {
    return this.parts.cursor?.() ?? null;
  }
}
