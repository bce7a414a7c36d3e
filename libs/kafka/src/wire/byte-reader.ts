/** Reads what a {@link ByteWriter} writes, from front to back. Texts and bytes are views of the memory that is read. */
export class ByteReader {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
  ) {}

  get rest(): number {
    return this.bytes.length - this.at;
  }

  int8(): number {
    const value = this.bytes.readInt8(this.at);
    this.at += 1;
    return value;
  }

  int16(): number {
    const value = this.bytes.readInt16BE(this.at);
    this.at += 2;
    return value;
  }

  int32(): number {
    const value = this.bytes.readInt32BE(this.at);
    this.at += 4;
    return value;
  }

  /** An offset, a time or a count, none of which reaches 2^53. */
  int64(): number {
    const high = this.bytes.readInt32BE(this.at);
    const low = this.bytes.readUInt32BE(this.at + 4);
    this.at += 8;
    return high * 2 ** 32 + low;
  }

  bigInt64(): bigint {
    const value = this.bytes.readBigInt64BE(this.at);
    this.at += 8;
    return value;
  }

  text(): string {
    const length = this.int16();
    const start = this.at;
    this.at += length;
    return this.bytes.toString('utf8', start, this.at);
  }
}
