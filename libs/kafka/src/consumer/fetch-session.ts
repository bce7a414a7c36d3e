import type { PartitionPosition, SessionPlan } from '../wire/fetch-request';

const LAST_EPOCH = 2 ** 31 - 1;

/**
 * What one broker remembers of our fetches (KIP-227): after a first full request, each tells only the partitions that are new,
 * have moved or are no longer wanted, and each answer only those with something new. A consumer of many partitions would
 * otherwise list them all, both ways, thousands of times a second.
 *
 * Partitions are told apart by identity: whoever makes new objects for them ends the session first.
 */
export class FetchSession<T extends PartitionPosition> {
  private id = 0;
  private epoch = 0;
  private asked = new Map<T, number>();

  /** @param wanted partitions of one topic follow each other */
  plan(wanted: readonly T[]): SessionPlan {
    if (this.id === 0) this.asked.clear();
    const before = this.asked.size;
    const changed: T[] = [];
    let fresh = 0;
    for (const each of wanted) {
      const asked = this.asked.get(each);
      if (asked === each.position) continue;
      if (asked === undefined) fresh++;
      changed.push(each);
    }
    const forgotten = before + fresh > wanted.length ? this.noLonger(wanted) : [];
    for (const each of forgotten) this.asked.delete(each);
    for (const each of changed) this.asked.set(each, each.position);
    return { id: this.id, epoch: this.epoch, changed, forgotten };
  }

  /** The position that the broker was last asked to read on from. */
  positionOf(partition: T): number | undefined {
    return this.asked.get(partition);
  }

  /** @param id as the broker answered: 0 when it keeps no session for us */
  answered(id: number): void {
    this.id = id;
    if (id === 0) this.epoch = 0;
    else this.epoch = this.epoch === LAST_EPOCH ? 1 : this.epoch + 1;
  }

  /** After an error nobody knows what the broker remembers: the next request is a full one. */
  end(): void {
    this.id = 0;
    this.epoch = 0;
    this.asked.clear();
  }

  private noLonger(wanted: readonly T[]): T[] {
    const still = new Set(wanted);
    return [...this.asked.keys()].filter((each) => !still.has(each));
  }
}
