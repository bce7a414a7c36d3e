/** What the order says of a delivery: it may go, or another of its key must end first. */
export type Turn = { readonly kind: 'go' } | { readonly kind: 'behind'; readonly deliveryId: string | null };

const GO: Turn = { kind: 'go' };

/** A delivery that holds its key. */
export interface HeldHead {
  readonly key: string;
  readonly deliveryId: string;
}

interface KeyState {
  /** The delivery that is in the lane or on its way to the receiver. */
  active: string | null;
  /** The delivery that failed and is tried again; nothing else of the key goes before it has ended. */
  head: string | null;
  /** Of the head's parked record, when it came back while another of the key was under way. */
  headAt: number | null;
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
  /** Heads of an owner before; where their records are is not known. */
  private readonly strays = new Set<string>();

  /** Records that wait behind another of their key. */
  get waiting(): number {
    return this.held;
  }

  /** The head of some key may be parked, at an offset that is not known. */
  get missesHeads(): boolean {
    return this.strays.size > 0;
  }

  get isEmpty(): boolean {
    return this.keys.size === 0;
  }

  /** Whether a delivery may go now; when it may, the key is taken. */
  admit(key: string, deliveryId: string, offset: number): Turn {
    const state = this.keys.get(key);
    if (!state) {
      this.keys.set(key, { active: deliveryId, head: null, headAt: null, waiting: [] });
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
    if (state.head === deliveryId) {
      state.headAt = null;
      this.strays.delete(deliveryId);
    }
    return GO;
  }

  /** The parked record at the offset waits for its key. */
  wait(key: string, deliveryId: string, offset: number): void {
    const state = this.keys.get(key);
    if (!state) return;
    if (state.head === deliveryId) {
      state.headAt = offset;
      this.strays.delete(deliveryId);
      return;
    }
    const { waiting } = state;
    const at = placeOf(waiting, offset);
    if (waiting[at] === offset) return;
    waiting.splice(at, 0, offset);
    this.held++;
  }

  /**
   * The record at the offset is on its way into parked storage and is to come back from there: those of its key that come after
   * it wait for it, also where nothing of the key was known.
   */
  expect(key: string, deliveryId: string, offset: number): void {
    if (!this.keys.has(key)) this.keys.set(key, { active: null, head: null, headAt: null, waiting: [] });
    this.wait(key, deliveryId, offset);
  }

  /** The delivery is the one of its key that goes before all that wait. Whoever asks knows where its record is. */
  isNext(key: string, deliveryId: string, offset: number): boolean {
    const state = this.keys.get(key);
    if (!state) return false;
    if (state.head === null) return state.active === null && state.waiting[0] === offset;
    this.strays.delete(deliveryId);
    return state.head === deliveryId;
  }

  /** The delivery was tried and failed, and is tried again later: its key is held. */
  hold(key: string, deliveryId: string): void {
    const state = this.keys.get(key);
    if (state) {
      if (state.active === deliveryId) state.active = null;
      state.head = deliveryId;
    } else this.keys.set(key, { active: null, head: deliveryId, headAt: null, waiting: [] });
  }

  /** As `hold`, of an owner before. */
  restore(key: string, deliveryId: string): void {
    this.hold(key, deliveryId);
    this.strays.add(deliveryId);
  }

  /** The delivery left the lane without an attempt: it goes again before those that wait behind it. */
  giveBack(key: string, deliveryId: string, offset: number): void {
    const state = this.keys.get(key);
    if (state?.active !== deliveryId) return;
    state.active = null;
    if (state.head === null && state.waiting.length > 0) this.wait(key, deliveryId, offset);
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
    if (state.head === deliveryId) {
      state.head = null;
      state.headAt = null;
      this.strays.delete(deliveryId);
    }
    if (state.active !== null) return null;
    if (state.head !== null) return state.headAt;
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
      const at = placeOf(state.waiting, offset);
      if (state.waiting[at] !== offset) continue;
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

  /** Keys whose delivery failed and is tried again. */
  heads(): HeldHead[] {
    const heads: HeldHead[] = [];
    if (this.keys.size === 0) return heads;
    for (const [key, { head }] of this.keys) if (head !== null) heads.push({ key, deliveryId: head });
    return heads;
  }

  /** Forgets keys that are of no meaning any more: what waited for them may go, and holds nothing. */
  drop(isMeaningless: (key: string) => boolean): { readonly waiting: number[]; readonly heads: HeldHead[] } {
    const waiting: number[] = [];
    const heads: HeldHead[] = [];
    for (const [key, state] of this.keys) {
      if (!isMeaningless(key)) continue;
      for (const offset of state.waiting) waiting.push(offset);
      this.held -= state.waiting.length;
      if (state.head !== null) {
        heads.push({ key, deliveryId: state.head });
        if (state.headAt !== null) waiting.push(state.headAt);
        this.strays.delete(state.head);
      }
      this.keys.delete(key);
    }
    return { waiting: waiting.sort((a, b) => a - b), heads };
  }

  private tidy(key: string, state: KeyState): void {
    if (state.active === null && state.head === null && state.waiting.length === 0) this.keys.delete(key);
  }
}

/** Index of the first offset that is not before the given one. */
const placeOf = (offsets: readonly number[], offset: number): number => {
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsets[middle]! < offset) low = middle + 1;
    else high = middle;
  }
  return low;
};
