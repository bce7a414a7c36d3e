import { type ChainPosition, compareChainPositions } from '@millrace/domain';

export interface SeenPosition extends ChainPosition {
  /** The attempt at this position has ended, or the delivery has. */
  readonly finished: boolean;
  /** The delivery has ended with it. */
  readonly ended: boolean;
}

/**
 * The dedupe window of the endpoints that this process owns: the furthest position of each delivery's chain that was taken
 * up. A record at or before that position is a repeat left by a crash. Bounded: the delivery touched longest ago goes first.
 */
export class SeenRecords {
  private readonly furthest = new Map<string, SeenPosition>();

  constructor(private readonly capacity: number) {}

  /** True when the position is new, which also takes it; false for a repeat, and for what comes of a chain that has ended. */
  take(deliveryId: string, { epoch, attempt }: ChainPosition): boolean {
    const held = this.furthest.get(deliveryId);
    if (held && (compareChainPositions({ epoch, attempt }, held) <= 0 || (held.ended && epoch <= held.epoch)))
      return false;
    this.put(deliveryId, { epoch, attempt, finished: false, ended: false });
    return true;
  }

  /** Notes what the delivery log tells of, after a restart, or what has just ended. */
  note(deliveryId: string, position: SeenPosition): void {
    const held = this.furthest.get(deliveryId);
    const order = held ? compareChainPositions(position, held) : 1;
    if (order < 0) return;
    this.put(deliveryId, {
      ...position,
      finished: position.finished || (order === 0 && held!.finished),
      ended: position.ended || (order === 0 && held!.ended),
    });
  }

  of(deliveryId: string): SeenPosition | undefined {
    return this.furthest.get(deliveryId);
  }

  /** True when the attempt at this position was finished or overtaken, or its chain has ended. */
  hasFinished(deliveryId: string, position: ChainPosition): boolean {
    const held = this.furthest.get(deliveryId);
    if (!held) return false;
    const order = compareChainPositions(position, held);
    return order < 0 || (order === 0 && held.finished) || (held.ended && position.epoch <= held.epoch);
  }

  /** What was known before, when something noted since has come to nothing. */
  restore(deliveryId: string, before: SeenPosition | undefined): void {
    if (before) this.put(deliveryId, before);
    else this.furthest.delete(deliveryId);
  }

  /** Gives a position back that was taken and not carried out, because the partition went to another owner. */
  forget(deliveryId: string): void {
    this.furthest.delete(deliveryId);
  }

  private put(deliveryId: string, position: SeenPosition): void {
    this.furthest.delete(deliveryId);
    this.furthest.set(deliveryId, position);
    if (this.furthest.size > this.capacity) this.furthest.delete(this.furthest.keys().next().value!);
  }
}
