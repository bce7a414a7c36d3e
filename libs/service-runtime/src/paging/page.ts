import type { ConfigurationPage, Page } from '@millrace/protocol';
import { Refused } from '../configuration/refused';
import type { PageCursors } from './page-cursor';

/**
 * One page of a list. `read` gets the position after which to go on, or null, and one item more than the page shows: that
 * one tells whether there is a next page.
 */
export const pageOf = async <Item, View>(
  cursors: PageCursors,
  list: { readonly tenant: string; readonly name: string },
  query: ConfigurationPage,
  read: (position: string | null, count: number) => Promise<readonly Item[]>,
  positionOf: (item: Item) => string,
  viewOf: (item: Item) => View,
): Promise<Page<View>> => {
  const position = query.cursor === undefined ? null : cursors.read(list.tenant, list.name, query.cursor);
  if (query.cursor !== undefined && position === null)
    throw new Refused('invalid_cursor', 'The cursor is not one that this list gave out; begin again without it.');
  const items = await read(position, query.limit + 1);
  const shown = items.slice(0, query.limit);
  const last = shown.at(-1);
  return {
    data: shown.map(viewOf),
    nextCursor:
      items.length > query.limit && last !== undefined ? cursors.write(list.tenant, list.name, positionOf(last)) : null,
  };
};
