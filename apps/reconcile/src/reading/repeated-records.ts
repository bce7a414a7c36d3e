/** Records that are remembered. A producer repeats a batch at once, so a repeat is never far. */
const REMEMBERED = 512;
const ENDS_BYTES = 256;

/**
 * Tells a record of the delivery log that was appended twice, because its first acknowledgement was lost. Every flush has
 * request ids and times of its own, so the same bytes at both ends are the same flush.
 */
export class RepeatedRecords {
  private readonly known = new Set<string>();

  isRepeat(value: Buffer): boolean {
    const head = value.toString('latin1', 0, ENDS_BYTES);
    const tail = value.toString('latin1', Math.max(ENDS_BYTES, value.length - ENDS_BYTES));
    const print = `${value.length} ${head}${tail}`;
    if (this.known.has(print)) return true;
    this.known.add(print);
    if (this.known.size > REMEMBERED) this.known.delete(this.known.values().next().value!);
    return false;
  }
}
