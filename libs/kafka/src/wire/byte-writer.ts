/** Up to this length a text is written character by character; beyond it a call into Node is cheaper. */
const SHORT_TEXT = 64;
const FIRST_CAPACITY = 16 * 1024;

/**
 * One growing buffer, written from front to back, in the encodings of Kafka's protocol: big-endian integers, texts and
 * bytes behind their length, varints in zigzag form.
 */
export class ByteWriter {
  private bytes: Buffer;
  private end = 0;

  constructor(capacity = FIRST_CAPACITY) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.end;
  }

  /** What was written from `start` on: the memory itself, valid until the writer is cleared or written to at that place. */
  view(start = 0): Buffer {
    return this.bytes.subarray(start, this.end);
  }

  clear(): void {
    this.end = 0;
  }

  /** Drops what was written from `length` on. */
  truncate(length: number): void {
    this.end = length;
  }

  int8(value: number): void {
    this.reserve(1);
    this.bytes[this.end++] = value;
  }

  int16(value: number): void {
    this.reserve(2);
    this.end = this.bytes.writeInt16BE(value, this.end);
  }

  int32(value: number): void {
    this.reserve(4);
    this.end = this.bytes.writeInt32BE(value, this.end);
  }

  /** A safe integer. */
  int64(value: number): void {
    this.reserve(8);
    this.bytes.writeInt32BE(Math.floor(value / 2 ** 32), this.end);
    this.end = this.bytes.writeUInt32BE(value >>> 0, this.end + 4);
  }

  bigInt64(value: bigint): void {
    this.reserve(8);
    this.end = this.bytes.writeBigInt64BE(value, this.end);
  }

  int8At(at: number, value: number): void {
    this.bytes[at] = value;
  }

  int32At(at: number, value: number): void {
    this.bytes.writeInt32BE(value, at);
  }

  uint32At(at: number, value: number): void {
    this.bytes.writeUInt32BE(value, at);
  }

  /** A text behind its length in two bytes. */
  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.int16(length);
    this.reserve(length);
    this.bytes.write(value, this.end);
    this.end += length;
  }

  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.end);
    this.end += value.length;
  }

  /** A safe integer, not negative. */
  varint(value: number): void {
    this.reserve(8);
    this.end = putVarint(this.bytes, this.end, value);
  }

  /** The length -1. */
  varNull(): void {
    this.int8(1);
  }

  varBytes(value: Uint8Array): void {
    const { length } = value;
    this.reserve(length + 8);
    const at = putVarint(this.bytes, this.end, length);
    this.bytes.set(value, at);
    this.end = at + length;
  }

  varText(value: string): void {
    if (value.length >= SHORT_TEXT || !this.plainText(value)) this.anyText(value);
  }

  /** A short text of ASCII characters; false when it has others, of which nothing is written then. */
  private plainText(value: string): boolean {
    const { length } = value;
    this.reserve(length + 1);
    const { bytes } = this;
    let at = this.end;
    bytes[at++] = length << 1;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 127) return false;
      bytes[at++] = code;
    }
    this.end = at;
    return true;
  }

  /**
   * Writes a varint into the `width` bytes that were kept free for it at `at`. Its width shows only with its value, so what
   * follows moves when the guess was wrong.
   */
  varintAt(at: number, width: number, value: number): void {
    const needed = varintWidth(value);
    if (needed !== width) {
      this.reserve(needed);
      this.bytes.copyWithin(at + needed, at + width, this.end);
      this.end += needed - width;
    }
    putVarint(this.bytes, at, value);
  }

  /** Keeps bytes free, to be written later. */
  skip(count: number): void {
    this.reserve(count);
    this.end += count;
  }

  private anyText(value: string): void {
    const length = Buffer.byteLength(value);
    this.reserve(length + 8);
    const at = putVarint(this.bytes, this.end, length);
    this.bytes.write(value, at);
    this.end = at + length;
  }

  private reserve(count: number): void {
    if (this.end + count > this.bytes.length) this.grow(this.end + count);
  }

  private grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }
}

/** Bytes that a length or a count takes, which is doubled first (zigzag). */
export const varintWidth = (value: number): number => {
  if (value < 2 ** 6) return 1;
  if (value < 2 ** 13) return 2;
  if (value < 2 ** 20) return 3;
  if (value < 2 ** 27) return 4;
  return 5;
};

const putVarint = (bytes: Uint8Array, start: number, value: number): number => {
  let at = start;
  let rest = value * 2;
  for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  for (; rest >= 128; rest >>>= 7) bytes[at++] = (rest & 127) | 128;
  bytes[at++] = rest;
  return at;
};
