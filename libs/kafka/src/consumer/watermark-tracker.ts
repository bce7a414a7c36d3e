import type { OffsetRange } from './completed-set';

const COMPACT_AT = 1_024;

/**
 * Which records of one partition are finished. Records enter in the order of the log and finish in any order; what may be
 * committed is the offset of the first unfinished one.
 *
 * A record is known by its ticket, the number of records before it, so finishing is an array access. Offsets are plain
 * numbers: a partition does not reach 2^53.
 */
export class WatermarkTracker {
  private readonly offsets: number[] = [];
  private readonly done: boolean[] = [];
  /** Index of the first unfinished record. */
  private head = 0;
  /** Ticket of index 0. */
  private base = 0;
  private next: number | null;
  private known: readonly OffsetRange[];
  private knownAt = 0;
  private changes = 0;

  /** @param known finished in an earlier life, ascending */
  constructor(position: number | null, known: readonly OffsetRange[] = []) {
    this.next = position;
    this.known = known;
  }

  /** The offset after the last record that entered; null when none has, and no start was given. */
  get position(): number | null {
    return this.next;
  }

  /** What may be committed; null when nothing is known yet. */
  get watermark(): number | null {
    return this.head < this.offsets.length ? this.offsets[this.head]! : this.next;
  }

  /** Records from the watermark on, finished or not. */
  get span(): number {
    return this.offsets.length - this.head;
  }

  /** Rises with each change of what there is to commit. */
  get version(): number {
    return this.changes;
  }

  /** Lets a record in; its ticket, or -1 when it is not to be handled: entered before, or finished in an earlier life. */
  enter(offset: number): number {
    if (this.next !== null && offset < this.next) return -1;
    this.next = offset + 1;
    const known = this.isKnown(offset);
    if (known && this.span === 0) {
      this.changes++;
      return -1;
    }
    this.offsets.push(offset);
    this.done.push(known);
    return known ? -1 : this.base + this.offsets.length - 1;
  }

  /** The log holds nothing more for us below `offset`. */
  skipTo(offset: number): void {
    if (this.next !== null && offset <= this.next) return;
    this.next = offset;
    if (this.span === 0) this.changes++;
  }

  finish(ticket: number): void {
    const index = ticket - this.base;
    if (index < this.head || index >= this.offsets.length || this.done[index]) return;
    this.done[index] = true;
    this.changes++;
    if (index === this.head) this.moveHead();
  }

  /** Takes over what somebody else has committed for this partition. */
  merge(committed: number, ranges: readonly OffsetRange[]): void {
    for (let index = this.head; index < this.offsets.length; index++) {
      const offset = this.offsets[index]!;
      if (offset < committed || ranges.some(([first, last]) => offset >= first && offset <= last))
        this.finish(this.base + index);
    }
    if (this.next === null || this.next < committed) this.skipTo(committed);
    this.known = ranges;
    this.knownAt = 0;
  }

  /** Finished ranges beyond the watermark, ascending. */
  finishedBeyond(): OffsetRange[] {
    const ranges: [number, number][] = [];
    let open: [number, number] | null = null;
    for (let index = this.head; index < this.offsets.length; index++) {
      if (!this.done[index]) open = null;
      else if (open) open[1] = this.offsets[index]!;
      else {
        open = [this.offsets[index]!, this.offsets[index]!];
        ranges.push(open);
      }
    }
    const entered = this.next ?? 0;
    for (const [first, last] of this.known.slice(this.knownAt))
      if (last >= entered) ranges.push([Math.max(first, entered), last]);
    return ranges;
  }

  private isKnown(offset: number): boolean {
    while (this.knownAt < this.known.length && this.known[this.knownAt]![1] < offset) this.knownAt++;
    const range = this.known[this.knownAt];
    return range !== undefined && range[0] <= offset;
  }

  private moveHead(): void {
    while (this.head < this.offsets.length && this.done[this.head]) this.head++;
    if (this.head >= COMPACT_AT && this.head * 2 >= this.offsets.length) {
      this.offsets.splice(0, this.head);
      this.done.splice(0, this.head);
      this.base += this.head;
      this.head = 0;
    }
  }
}
