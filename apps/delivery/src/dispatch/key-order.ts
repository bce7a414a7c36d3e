/** What the order says of a delivery: it may go, or another of its key must end first. */
export type Turn = { readonly kind: 'go' } | { readonly kind: 'behind'; readonly deliveryId: string | null };

const GO: Turn = { kind: 'go' };

interface KeyState {
  /** The delivery that is in the lane or on its way to the receiver. */
  active: string | null;
  /** The delivery that failed and is tried again; nothing else of the key goes before it has ended. */
  head: string | null;
  /** Offsets of parked records of the key that were met and must wait, in rising order. */
  readonly waiting: number[];
}

/**
 * The order of one endpoint's deliveries by key: of each key at most one is under way, and one that fails holds back only
 * its own key until it has succeeded or ended. Pure bookkeeping; the caller parks what has to wait and comes back with it.
 *
 * A delivery is known by the offset of its record, which is also its place in the order; a head comes back from a retry
 * tier at a later offset and is known by its id.
 */
export class KeyOrder {
  private readonly keys = new Map<string, KeyState>();
  private held = 0;

  /** Records that wait behind another of their key. */
  get waiting(): number {
    return this.held;
  }

  /** Whether a delivery may go now; when it may, the key is taken. */
  admit(key: string, deliveryId: string, offset: number): Turn {
    const state = this.keys.get(key);
    if (!state) {
      this.keys.set(key, { active: deliveryId, head: null, waiting: [] });
      return GO;
    }
    if (state.active !== null) return state.active === deliveryId ? GO : { kind: 'behind', deliveryId: state.active };
    if (state.head !== null && state.head !== deliveryId) return { kind: 'behind', deliveryId: state.head };
    if (state.head === null && state.waiting.length > 0 && offset > state.waiting[0]!)
      return { kind: 'behind', deliveryId: null };
    if (state.waiting[0] === offset) {
      state.waiting.shift();
      this.held--;
    }
    state.active = deliveryId;
    return GO;
  }

  /** The parked record at the offset waits for its key. */
  wait(key: string, offset: number): void {
    const state = this.keys.get(key);
    if (!state) return;
    const { waiting } = state;
    let at = waiting.length;
    while (at > 0 && waiting[at - 1]! > offset) at--;
    if (waiting[at - 1] === offset) return;
    waiting.splice(at, 0, offset);
    this.held++;
  }

  /** The delivery was tried and failed, and is tried again later: its key is held. */
  hold(key: string, deliveryId: string): void {
    const state = this.keys.get(key);
    if (state) {
      if (state.active === deliveryId) state.active = null;
      state.head = deliveryId;
    } else this.keys.set(key, { active: null, head: deliveryId, waiting: [] });
  }

  /** The delivery left the lane without an attempt: its key is as it was before. */
  giveBack(key: string, deliveryId: string): void {
    const state = this.keys.get(key);
    if (state?.active !== deliveryId) return;
    state.active = null;
    this.tidy(key, state);
  }

  /**
   * The delivery has ended, whichever way.
   * @returns offset of the record of its key that may go next; null when none waits, or when another holds the key
   */
  end(key: string, deliveryId: string): number | null {
    const state = this.keys.get(key);
    if (!state) return null;
    if (state.active === deliveryId) state.active = null;
    if (state.head === deliveryId) state.head = null;
    if (state.active !== null || state.head !== null) return null;
    const next = state.waiting[0] ?? null;
    this.tidy(key, state);
    return next;
  }

  /**
   * A waiting record is not carried out: a command ended it, or it is a repeat.
   * @returns offset of the record of its key that may go next; null when none waits, or when another holds the key
   */
  forget(offset: number): number | null {
    if (this.held === 0) return null;
    for (const [key, state] of this.keys) {
      const at = state.waiting.indexOf(offset);
      if (at < 0) continue;
      state.waiting.splice(at, 1);
      this.held--;
      const next = state.active === null && state.head === null ? (state.waiting[0] ?? null) : null;
      this.tidy(key, state);
      return next;
    }
    return null;
  }

  /** The key that a delivery holds while it waits for its retry; null when it holds none. */
  keyHeldBy(deliveryId: string): string | null {
    if (this.keys.size === 0) return null;
    for (const [key, state] of this.keys) if (state.head === deliveryId) return key;
    return null;
  }

  headOf(key: string): string | null {
    return this.keys.get(key)?.head ?? null;
  }

  /** Everything that waits, for when the order no longer applies. */
  clear(): number[] {
    const offsets = [...this.keys.values()].flatMap(({ waiting }) => waiting);
    this.keys.clear();
    this.held = 0;
    return offsets;
  }

  private tidy(key: string, state: KeyState): void {
    if (state.active === null && state.head === null && state.waiting.length === 0) this.keys.delete(key);
  }
}
