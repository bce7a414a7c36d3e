import type { Page, PageQuery } from './types/page';

/**
 * A list of the API. As an async iterable it gives every item of every page, fetching a page when the one before it is used up:
 * `for await (const endpoint of millrace.endpoints.list()) …`
 */
export class Pages<Item> implements AsyncIterable<Item> {
  constructor(
    private readonly fetchPage: (query: PageQuery) => Promise<Page<Item>>,
    private readonly query: PageQuery,
  ) {}

  /** The page at the query's cursor alone. */
  first(): Promise<Page<Item>> {
    return this.fetchPage(this.query);
  }

  /** Page by page. */
  async *pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let cursor = this.query.cursor;
    for (;;) {
      const page = await this.fetchPage({ ...this.query, cursor });
      yield page;
      // A server that gives out the same cursor again would be asked for ever.
      if (page.nextCursor === null || page.nextCursor === cursor) return;
      cursor = page.nextCursor;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* page.data;
  }

  /** The first items, at most `most`. */
  async take(most: number): Promise<Item[]> {
    const items: Item[] = [];
    if (most <= 0) return items;
    for await (const item of this) {
      items.push(item);
      if (items.length >= most) break;
    }
    return items;
  }
}
