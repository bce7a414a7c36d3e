import { ApiProblem } from '@millrace/service-runtime';
import type { CursorSeal, Position } from './cursor';

/** Where the page begins: null for the first. 422 `invalid_cursor` for one that was not made for this list. */
export const openCursor = (
  seal: CursorSeal,
  tenant: string,
  filter: string,
  cursor: string | undefined,
): Position | null => {
  if (cursor === undefined) return null;
  const position = seal.open(cursor, tenant, filter);
  if (position === null)
    throw new ApiProblem(
      'invalid_cursor',
      'The cursor does not belong to this list. Take nextCursor of the page before, with the same filters, or begin without one.',
    );
  return position;
};
