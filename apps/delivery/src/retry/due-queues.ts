/**
 * What is due and may not go yet: a queue for each endpoint, served in turn, so that the retries of one endpoint that was
 * away for long do not hold up those of the others. Within an endpoint the order stays.
 */
export class DueQueues<T> {
  private readonly queues = new Map<string, { entries: T[]; head: number }>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(endpointId: string, entry: T): void {
    const queue = this.queues.get(endpointId);
    if (queue) queue.entries.push(entry);
    else this.queues.set(endpointId, { entries: [entry], head: 0 });
    this.count++;
  }

  /** One of each endpoint in turn, at most `most`; the next call goes on where this one ended. */
  take(most: number): T[] {
    const taken: T[] = [];
    // An endpoint that has more goes behind those that have not had their turn, and the loop comes to it again: a Map is
    // walked in the order of insertion, with what is inserted on the way.
    for (const [endpointId, queue] of this.queues) {
      if (taken.length >= most) break;
      taken.push(queue.entries[queue.head++]!);
      this.count--;
      this.queues.delete(endpointId);
      if (queue.head < queue.entries.length) this.queues.set(endpointId, compacted(queue));
    }
    return taken;
  }

  drop(unwanted: (entry: T) => boolean): void {
    for (const [endpointId, queue] of this.queues) {
      const entries = queue.entries.slice(queue.head).filter((entry) => !unwanted(entry));
      this.count += entries.length - (queue.entries.length - queue.head);
      if (entries.length === 0) this.queues.delete(endpointId);
      else this.queues.set(endpointId, { entries, head: 0 });
    }
  }
}

const COMPACT_AT = 1_024;

const compacted = <T>(queue: { entries: T[]; head: number }) =>
  queue.head < COMPACT_AT ? queue : { entries: queue.entries.slice(queue.head), head: 0 };
