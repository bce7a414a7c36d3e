/**
 * Which positions of a session have been seen: the highest, and the holes below it. A source that repeats a block after
 * a restart has no second effect; a position that comes late, within the window, still has its one.
 *
 * Example: 0 1 2 5 leaves high 5 and the hole [3, 4]; then 4 is new, 4 again is a duplicate, 3 is new.
 */
export interface DuplicateWindow {
  readonly high: number;
  /** Inclusive ranges below `high` that have not been seen, in order. */
  readonly holes: ReadonlyArray<readonly [number, number]>;
}

/** Positions below the highest that are still told apart; an older one counts as seen. */
export const WINDOW = 4096;
/** Holes that are remembered; of more, the oldest are given up. */
const MAX_HOLES = 64;

export const openWindow = (first: number): DuplicateWindow => ({ high: first, holes: [] });

/** The window with `seq` seen, or null when it has been seen before. */
export const seeInWindow = (window: DuplicateWindow, seq: number): DuplicateWindow | null => {
  if (seq === window.high + 1 && window.holes.length === 0) return { high: seq, holes: window.holes };
  if (seq > window.high) {
    const floor = seq - WINDOW;
    const holes = window.holes.filter(([, to]) => to >= floor);
    if (seq > window.high + 1) holes.push([window.high + 1, seq - 1]);
    return { high: seq, holes: holes.length > MAX_HOLES ? holes.slice(holes.length - MAX_HOLES) : holes };
  }
  if (seq < window.high - WINDOW) return null;
  const index = window.holes.findIndex(([from, to]) => from <= seq && seq <= to);
  if (index < 0) return null;
  const [from, to] = window.holes[index]!;
  const rest: Array<readonly [number, number]> = [];
  if (from < seq) rest.push([from, seq - 1]);
  if (seq < to) rest.push([seq + 1, to]);
  return { high: window.high, holes: [...window.holes.slice(0, index), ...rest, ...window.holes.slice(index + 1)] };
};
