import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Offsets from first to last, both finished, and everything that the log holds between them. */
export type OffsetRange = readonly [first: number, last: number];

/** Brokers take 4 KiB of metadata with an offset; the rest is room for others. */
const METADATA_BYTES = 3 * 1024;
const PLAIN = 'r1.';
const DEFLATED = 'z1.';
const WORTH_DEFLATING = 200;

/**
 * The finished offsets beyond a committed one, as text for the commit's metadata: gaps and lengths as base-128 numbers,
 * deflated when long, in base64url. What does not fit is left out from the end: those records are handed out again after
 * a restart. Ranges are ascending, apart from each other, and at or above `committed`.
 *
 * Example: committed 100, finished 102..104 and 110 -> gaps 2 and 5, lengths 3 and 1.
 */
export const encodeCompleted = (committed: number, ranges: readonly OffsetRange[]): string => {
  if (ranges.length === 0) return '';
  for (let count = ranges.length; count > 0; count = Math.floor(count * 0.8)) {
    const text = encodeAll(committed, count === ranges.length ? ranges : ranges.slice(0, count));
    if (text.length <= METADATA_BYTES) return text;
  }
  return '';
};

const encodeAll = (committed: number, ranges: readonly OffsetRange[]): string => {
  const bytes: number[] = [];
  let at = committed;
  for (const [first, last] of ranges) {
    pushNumber(bytes, first - at);
    pushNumber(bytes, last - first + 1);
    at = last + 1;
  }
  const plain = Buffer.from(bytes);
  if (plain.length < WORTH_DEFLATING) return PLAIN + plain.toString('base64url');
  return DEFLATED + deflateRawSync(plain, { level: 1 }).toString('base64url');
};

/** No ranges for metadata that Millrace did not write. */
export const decodeCompleted = (committed: number, metadata: string | null): OffsetRange[] => {
  const bytes = bytesOf(metadata ?? '');
  const ranges: OffsetRange[] = [];
  let at = committed;
  let cursor = 0;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[cursor++];
      if (byte === undefined) throw new RangeError('cut off');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  try {
    while (cursor < bytes.length) {
      const first = at + next();
      const length = next();
      if (length < 1 || !Number.isSafeInteger(first + length)) return [];
      ranges.push([first, first + length - 1]);
      at = first + length;
    }
  } catch {
    return [];
  }
  return ranges;
};

const bytesOf = (metadata: string): Buffer => {
  const content = Buffer.from(metadata.slice(PLAIN.length), 'base64url');
  if (metadata.startsWith(PLAIN)) return content;
  if (!metadata.startsWith(DEFLATED)) return Buffer.alloc(0);
  try {
    return inflateRawSync(content, { maxOutputLength: 1024 * 1024 });
  } catch {
    return Buffer.alloc(0);
  }
};

const pushNumber = (bytes: number[], value: number): void => {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
};
