import { type ChainPosition, compareChainPositions } from '@millrace/domain';

/**
 * The dedupe window of the endpoints that this process owns: the furthest position of each delivery's chain that was taken
 * up. A record at or before that position is a repeat left by a crash. Bounded: the delivery touched longest ago goes first.
 */
export class SeenRecords {
  private readonly furthest = new Map<string, ChainPosition>();

  constructor(private readonly capacity: number) {}

  /** True when the position is new, which also takes it; false for a repeat. */
  take(deliveryId: string, position: ChainPosition): boolean {
    const held = this.furthest.get(deliveryId);
    if (held && compareChainPositions(position, held) <= 0) return false;
    this.note(deliveryId, position);
    return true;
  }

  /** Notes a position that the delivery log tells of, after a restart. */
  note(deliveryId: string, position: ChainPosition): void {
    const held = this.furthest.get(deliveryId);
    if (held && compareChainPositions(position, held) <= 0) return;
    this.furthest.delete(deliveryId);
    this.furthest.set(deliveryId, position);
    if (this.furthest.size > this.capacity) this.furthest.delete(this.furthest.keys().next().value!);
  }

  /** Gives a position back that was taken and not carried out, because the partition went to another owner. */
  forget(deliveryId: string): void {
    this.furthest.delete(deliveryId);
  }
}
