/** What waits; the earliest comes first, and among equals what came first. */
export interface Waiting {
  /** When it is to be looked at, in ms of any clock. */
  wakeAt: number;
  readonly order: number;
}

/** A binary heap: the earliest of many is at hand, whatever came in between. */
export class WaitingHeap<T extends Waiting> {
  private entries: T[] = [];

  get size(): number {
    return this.entries.length;
  }

  get first(): T | undefined {
    return this.entries[0];
  }

  push(entry: T): void {
    this.entries.push(entry);
    this.rise(this.entries.length - 1);
  }

  /** Takes the earliest out. */
  pop(): T | undefined {
    const first = this.entries[0];
    const last = this.entries.pop();
    if (first !== undefined && last !== first) {
      this.entries[0] = last!;
      this.sink(0);
    }
    return first;
  }

  /** Drops what is not to be kept, and puts the rest in order again, for what has changed its time. */
  rebuild(keep: (entry: T) => boolean): void {
    this.entries = this.entries.filter(keep);
    for (let index = (this.entries.length >> 1) - 1; index >= 0; index--) this.sink(index);
  }

  private rise(start: number): void {
    const entry = this.entries[start]!;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!earlier(entry, this.entries[parent]!)) break;
      this.entries[index] = this.entries[parent]!;
      index = parent;
    }
    this.entries[index] = entry;
  }

  private sink(start: number): void {
    const { entries } = this;
    const entry = entries[start]!;
    let index = start;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && earlier(entries[child + 1]!, entries[child]!)) child++;
      if (!earlier(entries[child]!, entry)) break;
      entries[index] = entries[child]!;
      index = child;
    }
    entries[index] = entry;
  }
}

const earlier = (a: Waiting, b: Waiting): boolean =>
  a.wakeAt < b.wakeAt || (a.wakeAt === b.wakeAt && a.order < b.order);
