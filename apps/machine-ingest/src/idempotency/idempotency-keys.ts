/**
 * The requests seen with an `Idempotency-Key`, to tell a repeat from another request under the same key. In memory and
 * bounded: the oldest is forgotten first, and each instance knows its own. What makes a repeat harmless is not this list
 * but the ids that follow from the key; the list adds the 409, and the time of the first acceptance, for a repeat soon after.
 */
export interface SeenRequest {
  /** Hash of the body and of the headers that matter. */
  readonly fingerprint: string;
  /** RFC 3339; events without a time of their own keep it in a repeat. */
  readonly acceptedAt: string;
}

export const REMEMBERED_KEYS = 10_000;

export class IdempotencyKeys {
  private readonly seen = new Map<string, SeenRequest>();

  constructor(private readonly capacity = REMEMBERED_KEYS) {}

  /** What the key stands for: this request when it is new, else the one that came first. */
  remember(tenant: string, key: string, request: SeenRequest): SeenRequest {
    const name = `${tenant}\n${key}`;
    const first = this.seen.get(name);
    if (first !== undefined) return first;
    this.seen.set(name, request);
    if (this.seen.size > this.capacity) this.seen.delete(this.seen.keys().next().value!);
    return request;
  }

  /** Gives the key back, for a request that was refused: its correction may use the key again. */
  forget(tenant: string, key: string): void {
    this.seen.delete(`${tenant}\n${key}`);
  }

  get size(): number {
    return this.seen.size;
  }
}
