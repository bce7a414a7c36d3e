/** Input that could not be used, on its way to the quarantine. */
export interface RefusedLine {
  readonly source: string;
  readonly session: string;
  readonly line: number;
  readonly bytes: Buffer;
  readonly code: string;
  readonly detail: string;
  /** Unix ms. */
  readonly at: number;
}
