import { hash } from 'node:crypto';

const HEX = new Int8Array(65_536).fill(-1);
for (let digit = 0; digit < 16; digit++) HEX[digit.toString(16).charCodeAt(0)] = digit;

const DASH = 45;
const WORDS = 4;

/** Four hex digits as a number; negative when one of them is none. */
const hex4 = (text: string, at: number): number =>
  (HEX[text.charCodeAt(at)]! << 12) |
  (HEX[text.charCodeAt(at + 1)]! << 8) |
  (HEX[text.charCodeAt(at + 2)]! << 4) |
  HEX[text.charCodeAt(at + 3)]!;

/**
 * Delivery ids and the rows that they have, 16 bytes and a slot for each: a map from text would take ten times as much, and
 * ends at 16 million. An id that is not laid out as a delivery's is known by its hash and kept as it stands beside.
 */
export class DeliveryIds {
  private words = new Uint32Array(WORDS * 1024);
  /** Open addressing; a slot holds its row and one, 0 is free. */
  private slots = new Uint32Array(4096);
  private readonly odd = new Map<number, string>();
  private readonly word = new Uint32Array(WORDS);
  private total = 0;

  /** @param keepsTexts false where no id is asked back: then any text may be an id, and takes no more */
  constructor(private readonly keepsTexts = true) {}

  get count(): number {
    return this.total;
  }

  /** The row of the id; -1 when it has none. */
  find(id: string): number {
    this.read(id);
    return this.slots[this.slotOf()]! - 1;
  }

  /** The row of the id, which is new when it equals the count before the call. */
  add(id: string): number {
    const plain = this.read(id);
    const slot = this.slotOf();
    const held = this.slots[slot]!;
    if (held !== 0) return held - 1;
    const row = this.total++;
    if ((row + 1) * WORDS > this.words.length) this.words = doubled(this.words);
    this.words.set(this.word, row * WORDS);
    this.slots[slot] = row + 1;
    if (!plain && this.keepsTexts) this.odd.set(row, id);
    if (this.total * 2 > this.slots.length) this.widen();
    return row;
  }

  text(row: number): string {
    const odd = this.odd.get(row);
    if (odd !== undefined) return odd;
    let hex = '';
    for (let at = row * WORDS; at < (row + 1) * WORDS; at++) hex += this.words[at]!.toString(16).padStart(8, '0');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** True when the id has the form of a delivery's id, so that its text can be made again from its words. */
  private read(id: string): boolean {
    const { word } = this;
    if (
      id.length === 36 &&
      id.charCodeAt(8) === DASH &&
      id.charCodeAt(13) === DASH &&
      id.charCodeAt(18) === DASH &&
      id.charCodeAt(23) === DASH
    ) {
      const a = hex4(id, 0);
      const b = hex4(id, 4);
      const c = hex4(id, 9);
      const d = hex4(id, 14);
      const e = hex4(id, 19);
      const f = hex4(id, 24);
      const g = hex4(id, 28);
      const h = hex4(id, 32);
      if ((a | b | c | d | e | f | g | h) >= 0) {
        word[0] = (a << 16) | b;
        word[1] = (c << 16) | d;
        word[2] = (e << 16) | f;
        word[3] = (g << 16) | h;
        return true;
      }
    }
    const digest = hash('sha256', id, 'buffer');
    for (let at = 0; at < WORDS; at++) word[at] = digest.readUInt32BE(at * 4);
    return false;
  }

  /** The slot of the id that was read, or the free one where it belongs. */
  private slotOf(): number {
    const { words, slots, word } = this;
    const mask = slots.length - 1;
    let slot = mixed(word[2]!, word[3]!) & mask;
    for (let held = slots[slot]!; held !== 0; held = slots[slot]!) {
      const at = (held - 1) * WORDS;
      if (words[at + 3] === word[3] && words[at + 2] === word[2] && words[at + 1] === word[1] && words[at] === word[0])
        return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private widen(): void {
    const { words } = this;
    const slots = new Uint32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let row = 0; row < this.total; row++) {
      let slot = mixed(words[row * WORDS + 2]!, words[row * WORDS + 3]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = row + 1;
    }
    this.slots = slots;
  }
}

/** The last two words of an id are digest, so little mixing is needed. */
const mixed = (c: number, d: number): number => Math.imul(c ^ (c >>> 15), 0x2c1b3c6d) ^ d;

const doubled = (array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
};
