const SLOTS = 256;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Header names as text. A log has a handful of names, so each is decoded once and then found by its bytes, which is cheaper
 * than making a new string for each header of each record.
 */
export class HeaderNames {
  private readonly known: (Known | undefined)[] = new Array(SLOTS).fill(undefined);

  /** The name in `bytes` from `start` to before `end`. */
  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    const slot = (length * 31 + bytes[start]! * 7 + bytes[end - 1]! + bytes[start + (length >> 1)]! * 3) & (SLOTS - 1);
    const known = this.known[slot];
    if (known !== undefined && same(known.bytes, bytes, start, length)) return known.text;
    const text = bytes.toString('utf8', start, end);
    this.known[slot] = { bytes: Uint8Array.from(bytes.subarray(start, end)), text };
    return text;
  }
}

const same = (known: Uint8Array, bytes: Buffer, start: number, length: number): boolean => {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index++) if (known[index] !== bytes[start + index]) return false;
  return true;
};
