/**
 * The parts of a `multipart/x-mixed-replace` body (RFC 2046, as agents write it), from bytes cut anywhere:
 *
 *   --boundary CRLF Content-type: text/xml CRLF Content-length: 1234 CRLF CRLF <1234 bytes> CRLF --boundary … --boundary--
 *
 * Line ends may be LF alone. A part without Content-length ends where the next boundary begins.
 */
export class MultipartRefused extends Error {
  override readonly name = 'MultipartRefused';
  constructor(
    readonly code: 'malformed' | 'too_large',
    detail: string,
    /** The bytes that are wrong. */
    readonly bytes: Buffer,
  ) {
    super(detail);
  }
}

/** Bytes of the headers of one part, and of what may stand between two parts. */
const MAX_HEADERS = 16 * 1024;
const KEPT_BYTES = 64 * 1024;
const LF = 0x0a;

type State =
  | { readonly kind: 'between' }
  | { readonly kind: 'headers' }
  | { readonly kind: 'counted'; readonly length: number }
  | { readonly kind: 'uncounted' }
  | { readonly kind: 'ended' };

export class MultipartReader {
  private held = Buffer.alloc(0);
  private from = 0;
  private to = 0;
  /** Bytes behind `from` in which no boundary begins. */
  private searched = 0;
  private state: State = { kind: 'between' };
  private readonly delimiter: Buffer;

  constructor(
    boundary: string,
    /** Bytes of one part. */
    private readonly limit: number,
  ) {
    // some agents write the two dashes into the header already
    this.delimiter = Buffer.from(boundary.startsWith('--') ? boundary : `--${boundary}`);
  }

  /** The last boundary has come. */
  get ended(): boolean {
    return this.state.kind === 'ended';
  }

  /** Bodies of the parts that are complete with this chunk; throws MultipartRefused. */
  push(chunk: Buffer): Buffer[] {
    this.keep(chunk);
    const parts: Buffer[] = [];
    while (this.step(parts));
    return parts;
  }

  private step(parts: Buffer[]): boolean {
    switch (this.state.kind) {
      case 'between':
        return this.boundary();
      case 'headers':
        return this.headers();
      case 'counted':
        return this.counted(this.state.length, parts);
      case 'uncounted':
        return this.uncounted(parts);
      case 'ended':
        return false;
    }
  }

  /** The line of the boundary; blank ones may come before. */
  private boundary(): boolean {
    const end = this.held.subarray(this.from, this.to).indexOf(LF);
    const line = this.held.subarray(this.from, end < 0 ? this.to : this.from + end);
    const text = line.toString('latin1').trimEnd();
    const delimiter = this.delimiter.toString('latin1');
    if (text === `${delimiter}--`) {
      this.state = { kind: 'ended' };
      return false;
    }
    if (end < 0) {
      if (line.length > MAX_HEADERS) throw this.malformed('is not a boundary');
      return false;
    }
    if (text !== '' && text !== delimiter) throw this.malformed('is not a boundary');
    this.drop(end + 1);
    if (text === delimiter) this.state = { kind: 'headers' };
    return true;
  }

  private headers(): boolean {
    const bytes = this.held.subarray(this.from, this.to);
    const blank = /(?:^|\n)\r?\n/.exec(bytes.subarray(0, MAX_HEADERS).toString('latin1'));
    if (blank === null) {
      if (bytes.length > MAX_HEADERS) throw this.malformed(`has headers of more than ${MAX_HEADERS} bytes`);
      return false;
    }
    const text = bytes.subarray(0, blank.index).toString('latin1');
    const length = /^content-length[ \t]*:[ \t]*(\d{1,15})[ \t]*\r?$/im.exec(text)?.[1];
    if (length !== undefined && Number(length) > this.limit)
      throw this.refused('too_large', `A part of ${length} bytes is announced; the limit is ${this.limit}.`);
    this.drop(blank.index + blank[0].length);
    this.state = length === undefined ? { kind: 'uncounted' } : { kind: 'counted', length: Number(length) };
    return true;
  }

  private counted(length: number, parts: Buffer[]): boolean {
    if (this.to - this.from < length) return false;
    parts.push(Buffer.from(this.held.subarray(this.from, this.from + length)));
    this.drop(length);
    this.state = { kind: 'between' };
    return true;
  }

  private uncounted(parts: Buffer[]): boolean {
    const bytes = this.held.subarray(this.from, this.to);
    for (let at = bytes.indexOf(this.delimiter, this.searched); at >= 0; at = bytes.indexOf(this.delimiter, at + 1)) {
      if (at > 0 && bytes[at - 1] !== LF) continue;
      let end = at === 0 ? 0 : at - 1;
      if (end > 0 && bytes[end - 1] === 0x0d) end--;
      parts.push(Buffer.from(bytes.subarray(0, end)));
      this.drop(at);
      this.state = { kind: 'between' };
      return true;
    }
    this.searched = Math.max(0, bytes.length - this.delimiter.length);
    if (bytes.length > this.limit) throw this.refused('too_large', `A part has more than ${this.limit} bytes.`);
    return false;
  }

  private keep(chunk: Buffer): void {
    const length = this.to - this.from;
    if (this.to + chunk.length > this.held.length) {
      const room = Math.max(2 * (length + chunk.length), 4096);
      const held = Buffer.allocUnsafe(room);
      this.held.copy(held, 0, this.from, this.to);
      this.held = held;
      this.from = 0;
      this.to = length;
    }
    chunk.copy(this.held, this.to);
    this.to += chunk.length;
  }

  private drop(bytes: number): void {
    this.from += bytes;
    this.searched = 0;
  }

  private malformed(what: string): MultipartRefused {
    return this.refused('malformed', `What stands between two parts of the stream ${what}.`);
  }

  private refused(code: MultipartRefused['code'], detail: string): MultipartRefused {
    const bytes = this.held.subarray(this.from, Math.min(this.to, this.from + KEPT_BYTES));
    return new MultipartRefused(code, detail, Buffer.from(bytes));
  }
}

/** The boundary in a Content-Type, or null where the type is not a multipart one. */
export const boundaryOf = (contentType: string): string | null => {
  if (!/^multipart\//i.test(contentType.trim())) return null;
  const said = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType);
  return said?.[1] ?? said?.[2] ?? null;
};
