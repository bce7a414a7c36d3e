/** One page of a list. */
export interface Page<Item> {
  readonly data: readonly Item[];
  /** Of the next page; null on the last. */
  readonly nextCursor: string | null;
}

/** Where a list begins, and how many items it asks for at a time (1 to 200; 50 unless told). */
export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** RFC 3339 times, or dates: from the first on, before the second. */
export interface Period {
  readonly from?: string | Date | undefined;
  readonly to?: string | Date | undefined;
}
