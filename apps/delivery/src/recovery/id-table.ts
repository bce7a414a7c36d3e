import { RecoveryFailure } from './recovery-failure';

const FIRST_SLOTS = 1 << 10;
const FULLEST = 0.75;

/**
 * A number for each delivery id, in 12 bytes a slot. The key is the last 62 bits of the id, all of them hash: of event,
 * endpoint and trigger, without the time, so the copies of an event that was published twice share it. Of a million ids
 * two share a key with a probability of 10⁻⁷.
 */
export class IdTable {
  private keys = new Uint32Array(FIRST_SLOTS * 2);
  /** 0: the slot is free. */
  private values = new Uint32Array(FIRST_SLOTS);
  private count = 0;

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.count;
  }

  /** 0 for an id that has none. */
  get(deliveryId: string): number {
    return this.values[this.slotOf(highOf(deliveryId), lowOf(deliveryId))]!;
  }

  /**
   * @param value from 1 to 2³² − 1
   * @throws RecoveryFailure when there are more ids than the limit
   */
  set(deliveryId: string, value: number): void {
    const high = highOf(deliveryId);
    const low = lowOf(deliveryId);
    let slot = this.slotOf(high, low);
    if (this.values[slot] === 0) {
      if (this.count >= this.limit)
        throw new RecoveryFailure(
          `The time span holds more than ${this.limit.toLocaleString('en')} deliveries of the endpoint, which is the most that one recovery can tell apart; ask for a narrower span.`,
        );
      if (this.count >= this.values.length * FULLEST) {
        this.grow();
        slot = this.slotOf(high, low);
      }
      this.keys[slot * 2] = high;
      this.keys[slot * 2 + 1] = low;
      this.count++;
    }
    this.values[slot] = value;
  }

  private slotOf(high: number, low: number): number {
    const mask = this.values.length - 1;
    let slot = low & mask;
    while (this.values[slot] !== 0 && (this.keys[slot * 2] !== high || this.keys[slot * 2 + 1] !== low))
      slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { keys, values } = this;
    this.keys = new Uint32Array(keys.length * 2);
    this.values = new Uint32Array(values.length * 2);
    for (let from = 0; from < values.length; from++) {
      if (values[from] === 0) continue;
      const high = keys[from * 2]!;
      const low = keys[from * 2 + 1]!;
      const slot = this.slotOf(high, low);
      this.keys[slot * 2] = high;
      this.keys[slot * 2 + 1] = low;
      this.values[slot] = values[from]!;
    }
  }
}

/** An id is `tttttttt-tttt-8hhh-vhhh-hhhhhhhhhhhh` (see deliveryId): t time, h hash, v two bits of hash. */
const highOf = (id: string): number =>
  (Number.parseInt(id.slice(19, 23), 16) * 0x1_0000 + Number.parseInt(id.slice(24, 28), 16)) >>> 0;
const lowOf = (id: string): number => Number.parseInt(id.slice(28, 36), 16) >>> 0;
