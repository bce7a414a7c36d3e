/** Input that could not be used, on its way to the quarantine. */
export interface RefusedLine {
  readonly source: string;
  readonly session: string;
  readonly line: number;
  /** Of all of it, or of its beginning: 64 KiB are kept. */
  readonly bytes: Buffer;
  /** How many bytes came, where `bytes` is their beginning only; at least so many where the rest was not read. */
  readonly length?: number;
  readonly code: string;
  readonly detail: string;
  /** Unix ms. */
  readonly at: number;
}
