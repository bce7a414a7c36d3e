/**
 * The clock of a recording: what "now" was when a line was written. A recording is received at its own pace, so that its
 * replay gives the same times on every run: the clock is the highest stamp so far. Stamps step back (two clocks write one
 * log), which leaves it alone; a leap far ahead is believed only when the next stamp confirms it.
 *
 * Example: 10:00, 9:58, 10:01, 2099, 10:02 gives 10:00, 10:00, 10:01, 10:01, 10:02.
 */
export interface RecordingClock {
  /** Unix ms. */
  readonly now: number;
  /** A leap that waits for a second stamp, Unix ms. */
  readonly leap: number | null;
}

/** A recording begins with a snapshot whose stamps may be weeks old; a larger leap is doubted. */
const LEAP_MS = 60 * 86_400_000;

export const startRecordingClock = (first: number): RecordingClock => ({ now: first, leap: null });

export const advanceRecordingClock = (clock: RecordingClock, stamp: number): RecordingClock => {
  if (stamp <= clock.now) return clock.leap === null ? clock : { now: clock.now, leap: null };
  if (stamp - clock.now <= LEAP_MS) return { now: stamp, leap: null };
  return clock.leap !== null && Math.abs(stamp - clock.leap) <= LEAP_MS
    ? { now: stamp, leap: null }
    : { now: clock.now, leap: stamp };
};
