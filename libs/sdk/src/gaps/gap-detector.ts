import {
  type Arrival,
  afterDelivery,
  emptyGapState,
  type Gap,
  type GapState,
  gapsOf,
  type NumberedDelivery,
} from './gap-state';

/** Where the states of endpoints are kept. */
export interface GapStore {
  /** The state under a key; null when there is none. */
  read(key: string): Promise<GapState | null>;
  /**
   * Puts the state that `change` makes of the present one in its place, with nothing in between: in a database, in one
   * transaction with a lock on the row. `change` is pure and may be called again.
   */
  update(key: string, change: (state: GapState | null) => GapState): Promise<void>;
}

/** Keeps states for as long as the process lives. */
export class MemoryGapStore implements GapStore {
  private readonly states = new Map<string, GapState>();

  async read(key: string): Promise<GapState | null> {
    return this.states.get(key) ?? null;
  }

  async update(key: string, change: (state: GapState | null) => GapState): Promise<void> {
    this.states.set(key, change(this.states.get(key) ?? null));
  }
}

export interface GapDetectorOptions {
  readonly store?: GapStore | undefined;
  /**
   * The number that is to come first: 1 for an endpoint that this receiver has had from the beginning. `'first-seen'` for one that
   * has been delivering already: what is lower than the first that comes is nobody's business then.
   */
  readonly startAt?: number | 'first-seen' | undefined;
  /** Unix ms. */
  readonly now?: (() => number) | undefined;
}

/**
 * Proves that nothing is missing: told of each delivery, it says which numbers have not come. Repeats and disorder are fine.
 * The contract `standard` numbers its deliveries, for each endpoint from 1 without a hole.
 */
export class GapDetector {
  private readonly store: GapStore;
  private readonly startAt: number | 'first-seen';
  private readonly now: () => number;

  constructor({ store = new MemoryGapStore(), startAt = 1, now = Date.now }: GapDetectorOptions = {}) {
    if (startAt !== 'first-seen' && (!Number.isSafeInteger(startAt) || startAt < 1))
      throw new TypeError(`startAt must be a whole number from 1 on, or 'first-seen', not ${startAt}.`);
    this.store = store;
    this.startAt = startAt;
    this.now = now;
  }

  /**
   * To be told of each delivery that was taken, with the key of its endpoint: its id, or the path of its hook. What your
   * handlers are given as `info` fits.
   */
  async record(endpoint: string, delivery: NumberedDelivery): Promise<Arrival> {
    if (delivery.sequence === null) return 'unnumbered';
    const { sequence } = delivery;
    const at = this.now();
    let arrival: Arrival = 'unnumbered';
    await this.store.update(endpoint, (state) => {
      const before = state ?? emptyGapState(this.startAt === 'first-seen' ? sequence : this.startAt);
      const after = afterDelivery(before, delivery, at);
      arrival = after.arrival;
      return after.state;
    });
    return arrival;
  }

  /**
   * What is missing. A retry fills its gap within the schedule of the endpoint, three days by default: ask for what is older
   * than that, and look it up by `lastId`, or as the endpoint's deliveries that have failed.
   */
  async missing(
    endpoint: string,
    { olderThanMs = 0 }: { readonly olderThanMs?: number } = {},
  ): Promise<readonly Gap[]> {
    const state = await this.store.read(endpoint);
    return state === null ? [] : gapsOf(state, this.now(), olderThanMs);
  }
}
