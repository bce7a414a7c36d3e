import { statusNameOf } from './connection-problem';

/** How a server says that it takes less at once; a server may have a limit that it does not name. */
const TOO_MUCH = new Set([
  'BadTooManyOperations',
  'BadRequestTooLarge',
  'BadResponseTooLarge',
  'BadEncodingLimitsExceeded',
]);

/**
 * Goes through a list in calls of at most `size`, one after the other, and in smaller ones where the server takes less.
 * @throws what a call failed with for any other reason, or for one that is a single entry
 */
export const inCalls = async <T>(
  list: readonly T[],
  size: number,
  call: (chunk: readonly T[]) => Promise<void>,
): Promise<void> => {
  let most = size;
  for (let from = 0; from < list.length; ) {
    const chunk = list.slice(from, from + most);
    try {
      await call(chunk);
      from += chunk.length;
    } catch (error) {
      if (chunk.length === 1 || !TOO_MUCH.has(statusNameOf(error) ?? '')) throw error;
      most = Math.ceil(chunk.length / 2);
    }
  }
};
