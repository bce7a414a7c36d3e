import { TextDecoder } from 'node:util';

/** What stands before UTF-16: no UTF-8 begins so. Windows writes it where it says "Unicode". */
const BYTE_ORDER_MARKS: ReadonlyArray<readonly [first: number, second: number, encoding: string]> = [
  [0xff, 0xfe, 'utf-16le'],
  [0xfe, 0xff, 'utf-16be'],
];

/** The bytes of a text as UTF-8: those of UTF-16 with a byte order mark are written anew, all others are as they are. */
export async function* inUtf8(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer | null = Buffer.alloc(0);
  let decoder: TextDecoder | null = null;
  for await (const chunk of bytes) {
    if (begun === null) {
      yield written(decoder, chunk);
      continue;
    }
    begun = Buffer.concat([begun, chunk]);
    if (begun.length < 2) continue;
    const mark = BYTE_ORDER_MARKS.find(([first, second]) => begun![0] === first && begun![1] === second);
    decoder = mark === undefined ? null : new TextDecoder(mark[2]);
    yield written(decoder, begun);
    begun = null;
  }
  if (begun !== null && begun.length > 0) yield begun;
  if (decoder !== null) yield Buffer.from(decoder.decode());
}

const written = (decoder: TextDecoder | null, chunk: Buffer): Buffer =>
  decoder === null ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }));
