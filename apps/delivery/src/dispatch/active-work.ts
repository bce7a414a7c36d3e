import type { DispatchWork } from './dispatch.ports';

interface Slot {
  work: DispatchWork | null;
}

/**
 * Work that was taken up and has not ended, by delivery.
 *
 * A Map that thousands of entries pass through every second gets a new table every few hundred, and the engine keeps the old
 * ones, with all that was in them, until its next full collection. So what the tables hold is slots, which are emptied.
 */
export class ActiveWork {
  private readonly slots = new Map<string, Slot>();
  private readonly free: Slot[] = [];

  get(deliveryId: string): DispatchWork | undefined {
    return this.slots.get(deliveryId)?.work ?? undefined;
  }

  /** In place of what was there for the delivery. */
  set(deliveryId: string, work: DispatchWork): void {
    const held = this.slots.get(deliveryId);
    if (held) {
      held.work = work;
      return;
    }
    const slot = this.free.pop() ?? { work: null };
    slot.work = work;
    this.slots.set(deliveryId, slot);
  }

  delete(deliveryId: string): boolean {
    const slot = this.slots.get(deliveryId);
    if (!slot) return false;
    slot.work = null;
    this.slots.delete(deliveryId);
    if (this.free.length < SLOTS_KEPT) this.free.push(slot);
    return true;
  }

  *values(): Generator<DispatchWork> {
    for (const { work } of this.slots.values()) if (work) yield work;
  }
}

/** About as many as are taken up at one time. */
const SLOTS_KEPT = 10_000;
