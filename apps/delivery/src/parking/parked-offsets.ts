import { PARKED_CHUNK_SIZE } from '@millrace/protocol';

/** Offsets base … base + 1023 of a partition: bit i is set when the record at base + i is parked. */
export interface OffsetChunk {
  readonly base: number;
  readonly bits: Uint32Array;
  count: number;
  /** Unix ms before which none of them expires; null when none ever does. */
  earliestExpiry: number | null;
}

const WORDS = PARKED_CHUNK_SIZE / 32;

/**
 * The parked records of one endpoint: their offsets in its partition of `deliveries`, one bit each, in chunks. A million in a row
 * take 160 KB. Some may be claimed: read back, and on their way through the lane; they stay parked until what was decided
 * about them is on record.
 */
export class ParkedOffsets {
  private readonly chunks = new Map<number, OffsetChunk>();
  /** Bases in rising order. */
  private order: number[] = [];
  private readonly claims = new Set<number>();
  private total = 0;
  /** No unclaimed offset lies before it. */
  private cursor = 0;

  get count(): number {
    return this.total;
  }

  /** Parked and not claimed. */
  get unclaimed(): number {
    return this.total - this.claims.size;
  }

  get claimed(): number {
    return this.claims.size;
  }

  has(offset: number): boolean {
    const chunk = this.chunks.get(baseOf(offset));
    return chunk !== undefined && (chunk.bits[wordOf(offset)]! & bitOf(offset)) !== 0;
  }

  /** The chunk that changed, or null when the offset was parked already. */
  add(offset: number, expiresAt: number | null): OffsetChunk | null {
    const chunk = this.chunkAt(baseOf(offset));
    const word = wordOf(offset);
    const bit = bitOf(offset);
    if ((chunk.bits[word]! & bit) !== 0) return null;
    chunk.bits[word]! |= bit;
    chunk.count++;
    this.total++;
    if (expiresAt !== null && (chunk.earliestExpiry === null || expiresAt < chunk.earliestExpiry))
      chunk.earliestExpiry = expiresAt;
    if (offset < this.cursor) this.cursor = offset;
    return chunk;
  }

  /** The chunk that changed, which may be empty now; null when the offset was not parked. */
  remove(offset: number): OffsetChunk | null {
    const chunk = this.chunks.get(baseOf(offset));
    if (!chunk) return null;
    const word = wordOf(offset);
    const bit = bitOf(offset);
    if ((chunk.bits[word]! & bit) === 0) return null;
    chunk.bits[word]! &= ~bit;
    chunk.count--;
    this.total--;
    this.claims.delete(offset);
    if (chunk.count === 0) {
      this.chunks.delete(chunk.base);
      const at = this.order.indexOf(chunk.base);
      this.order.splice(at, 1);
    }
    return chunk;
  }

  /** The lowest offset that is parked and not claimed; null when there is none. */
  next(): number | null {
    if (this.unclaimed === 0) return null;
    for (let index = this.indexOf(baseOf(this.cursor)); index < this.order.length; index++) {
      const chunk = this.chunks.get(this.order[index]!)!;
      let offset = Math.max(chunk.base, this.cursor);
      const end = chunk.base + PARKED_CHUNK_SIZE;
      while (offset < end) {
        const rest = chunk.bits[wordOf(offset)]! >>> (offset & 31);
        if (rest === 0) {
          offset += 32 - (offset % 32);
          continue;
        }
        offset += trailingZeros(rest);
        if (!this.claims.has(offset)) {
          this.cursor = offset;
          return offset;
        }
        offset++;
      }
    }
    return null;
  }

  /** Without effect when it is not parked. */
  claim(offset: number): void {
    if (this.has(offset)) this.claims.add(offset);
  }

  isClaimed(offset: number): boolean {
    return this.claims.has(offset);
  }

  /** Gives a claimed offset back: it is next again when it is the lowest. */
  unclaim(offset: number): void {
    if (this.claims.delete(offset) && offset < this.cursor) this.cursor = offset;
  }

  /** Takes over what was written down before a restart. */
  restore(base: number, bits: Uint32Array, earliestExpiry: number | null): void {
    let count = 0;
    for (const word of bits) count += popCount(word);
    if (count === 0) return;
    const chunk = this.chunkAt(base);
    this.total += count - chunk.count;
    chunk.bits.set(bits);
    chunk.count = count;
    chunk.earliestExpiry = earliestExpiry;
    if (base < this.cursor) this.cursor = base;
  }

  /** Every chunk, in rising order. */
  *all(): Generator<OffsetChunk> {
    for (const base of this.order) yield this.chunks.get(base)!;
  }

  private chunkAt(base: number): OffsetChunk {
    let chunk = this.chunks.get(base);
    if (!chunk) {
      chunk = { base, bits: new Uint32Array(WORDS), count: 0, earliestExpiry: null };
      this.chunks.set(base, chunk);
      this.order.splice(this.indexOf(base), 0, base);
    }
    return chunk;
  }

  /** Index of the first base at or after the given one. */
  private indexOf(base: number): number {
    const { order } = this;
    if (order.length === 0 || order[order.length - 1]! < base) return order.length;
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (order[middle]! < base) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const baseOf = (offset: number): number => offset - (offset % PARKED_CHUNK_SIZE);
const wordOf = (offset: number): number => (offset % PARKED_CHUNK_SIZE) >>> 5;
const bitOf = (offset: number): number => 1 << (offset & 31);
const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word);
const popCount = (word: number): number => {
  let rest = word - ((word >>> 1) & 0x55555555);
  rest = (rest & 0x33333333) + ((rest >>> 2) & 0x33333333);
  return (((rest + (rest >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
};
