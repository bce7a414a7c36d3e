import { type ChainPosition, compareChainPositions } from '@millrace/domain';

export interface SeenPosition extends ChainPosition {
  /** The attempt at this position has ended, or the delivery has. */
  readonly finished: boolean;
  /** The delivery has ended with it. */
  readonly ended: boolean;
}

/**
 * The dedupe window of the endpoints that this process owns: the furthest position of each delivery's chain that was taken
 * up. A record at or before that position is a repeat left by a crash.
 *
 * Bounded by generations: what is touched goes into the younger one; when that is full, the older one is dropped. So of the
 * deliveries touched last, half the capacity is known at least, and nothing is moved or sorted for it. A position is one
 * number, because there are two for every delivery, and all of them live for long.
 */
export class SeenRecords {
  private young = new Map<string, number>();
  private old = new Map<string, number>();

  constructor(private readonly capacity: number) {}

  /** True when the position is new, which also takes it; false for a repeat, and for what comes of a chain that has ended. */
  take(deliveryId: string, position: ChainPosition): boolean {
    const held = this.of(deliveryId);
    if (held && (compareChainPositions(position, held) <= 0 || (held.ended && position.epoch <= held.epoch)))
      return false;
    this.put(deliveryId, packed(position, false, false));
    return true;
  }

  /** Notes what the delivery log tells of, after a restart, or what has just ended. */
  note(deliveryId: string, position: SeenPosition): void {
    const held = this.of(deliveryId);
    const order = held ? compareChainPositions(position, held) : 1;
    if (order < 0) return;
    const finished = position.finished || (order === 0 && held!.finished);
    const ended = position.ended || (order === 0 && held!.ended);
    this.put(deliveryId, packed(position, finished, ended));
  }

  of(deliveryId: string): SeenPosition | undefined {
    const held = this.young.get(deliveryId) ?? this.old.get(deliveryId);
    return held === undefined ? undefined : unpacked(held);
  }

  /** True when the attempt at this position was finished or overtaken, or its chain has ended. */
  hasFinished(deliveryId: string, position: ChainPosition): boolean {
    const held = this.of(deliveryId);
    if (!held) return false;
    const order = compareChainPositions(position, held);
    return order < 0 || (order === 0 && held.finished) || (held.ended && position.epoch <= held.epoch);
  }

  /** What was known before, when something noted since has come to nothing. */
  restore(deliveryId: string, before: SeenPosition | undefined): void {
    if (before) this.put(deliveryId, packed(before, before.finished, before.ended));
    else this.forget(deliveryId);
  }

  /** Gives a position back that was taken and not carried out, because the partition went to another owner. */
  forget(deliveryId: string): void {
    this.young.delete(deliveryId);
    this.old.delete(deliveryId);
  }

  private put(deliveryId: string, position: number): void {
    this.young.set(deliveryId, position);
    if (this.young.size * 2 < this.capacity) return;
    this.old = this.young;
    this.young = new Map();
  }
}

/** More than any schedule has; a delivery is taken up anew, with the next epoch, far fewer times than leave room above. */
const MOST_ATTEMPTS = 2 ** 20;

const packed = ({ epoch, attempt }: ChainPosition, finished: boolean, ended: boolean): number =>
  (epoch * MOST_ATTEMPTS + Math.min(attempt, MOST_ATTEMPTS - 1)) * 4 + (finished ? 2 : 0) + (ended ? 1 : 0);

const unpacked = (held: number): SeenPosition => {
  const position = Math.floor(held / 4);
  return {
    epoch: Math.floor(position / MOST_ATTEMPTS),
    attempt: position % MOST_ATTEMPTS,
    finished: held % 4 >= 2,
    ended: held % 2 === 1,
  };
};
