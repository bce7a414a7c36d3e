import type { ReconcileProgress } from '../reconcile-options';

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const EVERY_MS = 200;

/** One line on a terminal that is written over; nothing where there is none. */
export class ProgressLine {
  private shownAt = Number.NEGATIVE_INFINITY;
  private readonly startedAt = performance.now();
  private shown = false;

  constructor(private readonly stream: ProgressStream) {}

  show(progress: ReconcileProgress): void {
    const now = performance.now();
    if (!this.stream.isTTY || now - this.shownAt < EVERY_MS) return;
    this.shownAt = now;
    this.shown = true;
    this.stream.write(`\r\x1b[K${lineOf(progress, (now - this.startedAt) / 1000)}`);
  }

  clear(): void {
    if (this.shown) this.stream.write('\r\x1b[K');
    this.shown = false;
  }
}

const count = (value: number): string => value.toLocaleString('en-GB');

export const lineOf = (progress: ReconcileProgress, seconds: number): string => {
  const { done, partitions, facts, records, pass, suspects } = progress;
  const rate = count(Math.round(facts / Math.max(0.001, seconds)));
  const read = `${done} of ${partitions} partitions, ${count(records)} records, ${count(facts)} facts, ${rate} facts/s`;
  return pass === 0 ? read : `${read}; ${count(suspects)} deliveries do not add up yet, reading on (${pass})`;
};
