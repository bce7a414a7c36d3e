import { MAX_SKEW_MS } from './signal-time';

/**
 * The clock of a recording: what "now" was when a line was written. A recording is received at its own pace, so that its
 * replay gives the same times on every run: its time is the highest stamp so far. Stamps step back a little (two clocks write
 * one log), which leaves it alone. A leap, far ahead or minutes back, is believed only when the next stamp confirms it: one
 * stamp may be wild, but a log may also hold one day's work before another's.
 *
 *   10:00  9:58  10:01  2099  10:02      its time is 10:00  10:00  10:01  10:01  10:02
 *   10:00  8:00   8:01  8:05             its time is 10:00  10:00   8:01   8:05
 *
 * Evaluation time never falls: after a leap back it goes on at the recording's pace, until that is where it was.
 */
export interface RecordingClock {
  /** Evaluation time, Unix ms. */
  readonly now: number;
  /** Time of the recording, Unix ms: what its stamps are near to. */
  readonly written: number;
  /** Leaps back so far: stamps from before and after one are never subtracted. */
  readonly leaps: number;
  /** A leap that waits for a second stamp, Unix ms. */
  readonly doubted: number | null;
}

/** A recording begins with a snapshot whose stamps may be weeks old; a larger leap is doubted. */
const LEAP_MS = 60 * 86_400_000;
/** More than this is no step back; the stamps would not be believed. */
const STEP_BACK_MS = MAX_SKEW_MS;
/** A hole in what was written before tells no more than this of how evaluation time goes on. */
const HOLE_MS = 3_600_000;

export const startRecordingClock = (first: number): RecordingClock => ({
  now: first,
  written: first,
  leaps: 0,
  doubted: null,
});

export const advanceRecordingClock = (clock: RecordingClock, stamp: number): RecordingClock => {
  const { now, written, leaps, doubted } = clock;
  const moved = stamp - written;
  if (now > written && Math.abs(stamp - now) <= STEP_BACK_MS)
    return { now: Math.max(now, stamp), written: stamp, leaps: leaps + 1, doubted: null };
  if (moved <= 0 && moved >= -STEP_BACK_MS) return doubted === null ? clock : { ...clock, doubted: null };
  if (moved > 0 && moved <= LEAP_MS) return { now: ahead(clock, stamp), written: stamp, leaps, doubted: null };
  const confirmed = doubted !== null && Math.abs(stamp - doubted) <= (moved > 0 ? LEAP_MS : STEP_BACK_MS);
  if (!confirmed) return { ...clock, doubted: stamp };
  return moved > 0
    ? { now: ahead(clock, stamp), written: stamp, leaps, doubted: null }
    : { now: now + Math.max(0, stamp - doubted), written: stamp, leaps: leaps + 1, doubted: null };
};

const ahead = ({ now, written }: RecordingClock, stamp: number): number =>
  stamp >= now ? stamp : now + Math.min(stamp - written, HOLE_MS);

/** Name of the clock that wrote a stamp. */
export const clockOfRecording = (writer: string, { leaps }: RecordingClock): string =>
  leaps === 0 ? writer : `${writer}+${leaps}`;
