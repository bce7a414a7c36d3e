/** Bytes of a cursor as JSON. */
export const CURSOR_BYTES = 64 * 1024;

export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** As many of them, from the first on, as their JSON has room for in so many bytes. */
export const fitting = <Item>(items: Iterable<Item>, bytes: number): Item[] => {
  const fit: Item[] = [];
  let room = bytes;
  for (const item of items) {
    room -= jsonBytes(item) + 1;
    if (room < 0) break;
    fit.push(item);
  }
  return fit;
};
