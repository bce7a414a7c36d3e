/** One line of a file, without its end; rows count every line from 1, as an editor does. */
export type FileLine =
  | { readonly kind: 'line'; readonly row: number; readonly bytes: Buffer }
  /** Longer than `limit`; its beginning. */
  | { readonly kind: 'too_long'; readonly row: number; readonly bytes: Buffer };

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** The lines of a stream, held one at a time: what a file costs does not grow with it. */
export async function* fileLines(bytes: AsyncIterable<Buffer>, limit: number): AsyncGenerator<FileLine> {
  let held: Buffer[] = [];
  let size = 0;
  let row = 0;
  const take = (): FileLine => {
    row++;
    const whole = held.length === 1 ? held[0]! : Buffer.concat(held);
    const tooLong = size > limit;
    held = [];
    size = 0;
    const line = row === 1 && whole.subarray(0, 3).equals(BYTE_ORDER_MARK) ? whole.subarray(3) : whole;
    const end = line[line.length - 1] === CARRIAGE_RETURN ? line.length - 1 : line.length;
    return { kind: tooLong ? 'too_long' : 'line', row, bytes: line.subarray(0, end) };
  };
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      hold(chunk.subarray(start, end));
      start = end + 1;
      yield take();
    }
    hold(chunk.subarray(start));
  }
  if (size > 0) yield take();

  /** Of a line that is too long only its beginning is kept. */
  function hold(part: Buffer): void {
    if (part.length === 0) return;
    if (size <= limit) held.push(part.subarray(0, limit + 1 - size));
    size += part.length;
  }
}
