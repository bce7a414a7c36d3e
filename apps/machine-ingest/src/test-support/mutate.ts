/** Pieces that break readers of JSON, CSV and XML. */
const HOSTILE = [
  ...['"', '\\', '{', '}', '[', ']', ',', ';', '\n', '\r', '\u0000', '<', '>', '&', '\ufeff', '\u2028'],
  ...['__proto__', 'constructor', '1e400', '-', '9'.repeat(40), '<!DOCTYPE a [', '<![CDATA[', ']]>', '&x;', '<?xml'],
  ...['['.repeat(200), '{"a":'.repeat(100), '<b>'.repeat(100), '\ud800', '$lifecycle', 'null', 'NaN'],
].map((text) => Buffer.from(text));
const BYTES = [Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0x80, 0x80]), Buffer.from([0xed, 0xa0, 0x80])];

/** The bytes with one to four things done to them that a cable, a disk or a stranger does. `random` is 0 to below 1. */
export const mutate = (bytes: Buffer, random: () => number): Buffer => {
  const below = (limit: number) => Math.floor(random() * limit);
  let result = bytes;
  for (let n = 1 + below(4); n > 0; n--) {
    const at = below(result.length + 1);
    const to = Math.min(result.length, at + 1 + below(20));
    const [before, cut, after] = [result.subarray(0, at), result.subarray(at, to), result.subarray(to)];
    const piece = [...HOSTILE, ...BYTES][below(HOSTILE.length + BYTES.length)]!;
    switch (below(6)) {
      case 0:
        result = before;
        break;
      case 1:
        result = Buffer.concat([before, after]);
        break;
      case 2:
        result = Buffer.concat([before, cut, cut, after]);
        break;
      case 3:
        result = Buffer.concat([before, Buffer.from(cut).map((byte) => byte ^ (1 << below(8))), after]);
        break;
      case 4:
        result = Buffer.concat([before, piece, after]);
        break;
      default:
        result = Buffer.concat([before, piece, cut, after]);
    }
  }
  return result;
};
