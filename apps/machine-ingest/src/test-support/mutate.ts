/** Pieces that break readers of JSON, CSV, XML, lines and frames. */
const HOSTILE = [
  ...['"', '\\', '{', '}', '[', ']', ',', ';', '\n', '\r', '\u0000', '<', '>', '&', '\ufeff', '\u2028', '|', '*', '@'],
  ...['__proto__', 'constructor', '1e400', '-', '9'.repeat(40), '<!DOCTYPE a [', '<![CDATA[', ']]>', '&x;', '<?xml'],
  ...['['.repeat(200), '{"a":'.repeat(100), '<b>'.repeat(100), '\ud800', '$lifecycle', 'null', 'NaN', 'UNAVAILABLE'],
  ...['</', '<!', '&#0;', '=', '--b', '\r\n', '||||||', '\\|', "'", '""', '1e-400', '$ref', '!!js/function', '<<: *a'],
].map((text) => Buffer.from(text));
const BYTES = [Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0x80, 0x80]), Buffer.from([0xed, 0xa0, 0x80])];
const PIECES = [...HOSTILE, ...BYTES];
/** In the place of a number: a count, a length, a sequence. */
const NUMBERS = [
  ...['9'.repeat(40), '1e400', '-1', '00', '0x7f', '18446744073709551616', '9007199254740993', '', '4294967295', '.5'],
  ...['-0', '1e9999', '999999999999999', '2147483648', '4398046511104', '8640000000000001'],
].map((text) => Buffer.from(text));
/** In the place of a name or a text. */
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', '', '$tick', 'x'.repeat(5_000)].map((text) =>
  Buffer.from(text),
);

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
const QUOTE = 0x22;

/** Where the next number at or after `from` lies, or null. */
const numberAt = (bytes: Buffer, from: number): readonly [from: number, to: number] | null => {
  let at = from;
  while (at < bytes.length && !isDigit(bytes[at])) at++;
  let to = at;
  while (isDigit(bytes[to])) to++;
  return at === to ? null : [at, to];
};

/** The same of what stands between two quotes. */
const textAt = (bytes: Buffer, from: number): readonly [from: number, to: number] | null => {
  const at = bytes.indexOf(QUOTE, from);
  const to = at < 0 ? -1 : bytes.indexOf(QUOTE, at + 1);
  return to < 0 ? null : [at + 1, to];
};

/**
 * The bytes with one to four things done to them that a cable, a disk, another program or a stranger does: cut off, cut out,
 * doubled, flipped, filled with what hurts readers, other numbers and names in the place of theirs, encoded otherwise, and
 * the end of another document (`others`) behind a beginning of this. `random` is 0 to below 1.
 */
export const mutate = (bytes: Buffer, random: () => number, others: readonly Buffer[] = []): Buffer => {
  let result = bytes;
  for (let n = 1 + Math.floor(random() * 4); n > 0; n--) result = mutateOnce(result, random, others);
  return result;
};

const mutateOnce = (bytes: Buffer, random: () => number, others: readonly Buffer[]): Buffer => {
  const below = (limit: number) => Math.floor(random() * limit);
  const oneOf = (list: readonly Buffer[]) => list[below(list.length)]!;
  const at = below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + below(random() < 0.8 ? 20 : 200));
  const [before, cut, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  const replaced = (place: readonly [number, number] | null, by: Buffer) =>
    place === null ? before : Buffer.concat([bytes.subarray(0, place[0]), by, bytes.subarray(place[1])]);
  switch (below(12)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, ...Array.from({ length: 2 + below(random() < 0.9 ? 2 : 60) }, () => cut), after]);
    case 3:
      return Buffer.concat([before, Buffer.from(cut).map((byte) => byte ^ (1 << below(8))), after]);
    case 4:
      return Buffer.concat([before, oneOf(PIECES), after]);
    case 5:
      return Buffer.concat([before, oneOf(PIECES), cut, after]);
    case 6:
      return Buffer.concat([before, Buffer.from([below(256)]), bytes.subarray(at + 1)]);
    case 7:
      return replaced(numberAt(bytes, at), oneOf(NUMBERS));
    case 8:
      return replaced(textAt(bytes, at), oneOf(NAMES));
    case 9: {
      const other = others.length === 0 ? bytes : oneOf(others);
      return Buffer.concat([before, other.subarray(below(other.length + 1))]);
    }
    case 10:
      return random() < 0.8
        ? Buffer.concat([Buffer.from('\ufeff'), bytes])
        : Buffer.from(bytes.toString('latin1'), 'utf16le');
    default:
      return Buffer.concat([after, cut, before]);
  }
};
