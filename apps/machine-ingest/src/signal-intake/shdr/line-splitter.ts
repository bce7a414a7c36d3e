import { MAX_LINE } from './parse-shdr';

/** Bytes of a stream into lines (LF or CRLF). A line that is too long is given up to its next end, and told as such. */
export type SplitLine =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'refused'; readonly code: 'line_too_long' | 'not_utf8'; readonly bytes: Buffer };

const LF = 0x0a;
const CR = 0x0d;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

export class LineSplitter {
  private parts: Buffer[] = [];
  private held = 0;
  private skipping = false;

  /** Bytes held of a line that has not ended; bounded by the limit. */
  get heldBytes(): number {
    return this.held;
  }

  constructor(private readonly limit = MAX_LINE) {}

  push(chunk: Buffer): SplitLine[] {
    const lines: SplitLine[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      this.keep(chunk.subarray(from, end), lines);
      this.finish(lines);
      from = end + 1;
    }
    if (from < chunk.length) this.keep(chunk.subarray(from), lines);
    return lines;
  }

  /** The last line, where the stream ended without a line end. */
  end(): SplitLine[] {
    const lines: SplitLine[] = [];
    if (this.held > 0) this.finish(lines);
    return lines;
  }

  private keep(bytes: Buffer, lines: SplitLine[]): void {
    if (this.skipping) return;
    this.parts.push(Buffer.from(bytes));
    this.held += bytes.length;
    if (this.held <= this.limit) return;
    lines.push({ kind: 'refused', code: 'line_too_long', bytes: Buffer.concat(this.parts) });
    this.drop();
    this.skipping = true;
  }

  private finish(lines: SplitLine[]): void {
    if (this.skipping) {
      this.skipping = false;
      return;
    }
    let bytes = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
    this.drop();
    if (bytes[bytes.length - 1] === CR) bytes = bytes.subarray(0, -1);
    try {
      lines.push({ kind: 'line', text: strictUtf8.decode(bytes) });
    } catch {
      lines.push({ kind: 'refused', code: 'not_utf8', bytes });
    }
  }

  private drop(): void {
    this.parts = [];
    this.held = 0;
  }
}
