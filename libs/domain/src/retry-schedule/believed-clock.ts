/** The two clocks of a machine, read at one moment. */
export interface ClockReading {
  /** Unix ms, whole: what the machine says the time is. It can be set. */
  readonly wall: number;
  /** Ms since some moment: how much time has passed. Nobody sets it, but it stands while the machine sleeps. */
  readonly monotonic: number;
}

/** What the broker said, and what became of the believed time. */
export interface ClockCorrection {
  /** By how much the believed time was moved, in ms; 0 when it was within what the broker's answer allows. */
  readonly movedMs: number;
  /** How far the broker's clock is ahead of what is believed now, in ms, at least; 0 when it need not be. */
  readonly brokerAheadMs: number;
  /** How exact the answer was, in ms: the time it took. */
  readonly uncertaintyMs: number;
}

/** Beyond this the broker's clock and ours do not differ by a little: one of them is wrong. */
export const CLOCK_JUMP_MS = 5_000;
/** Further apart than this our two clocks no longer agree on how much time has passed, and the broker is asked. */
export const CLOCK_DISAGREEMENT_MS = 10;

/**
 * What time it is for the decision whether a wait is over. Due times are counted by the broker's clock, so that is the time
 * that is meant; between its answers, time has passed only when both of our own clocks say so. A clock that is set
 * forward, or that runs fast, therefore ends no wait early; one that is set back lengthens waits only until the broker is
 * asked.
 *
 * An answer of the broker is followed, with one exception: it moves the believed time forward by more than
 * {@link CLOCK_JUMP_MS} only as far as one of our clocks says so too, because then it is the broker's clock that was set.
 * So no single clock of the three can end a wait early. (Between two answers a broker that was set back goes unnoticed.)
 */
export class BelievedClock {
  /** The believed time at the reading of the last answer. */
  private base: number;
  private anchor: ClockReading;
  /** Ms that had passed until the last answer. */
  private passedBefore = 0;

  /** Until the broker has been asked, the machine's own time is believed. */
  constructor(reading: ClockReading) {
    this.base = reading.wall;
    this.anchor = reading;
  }

  /** Unix ms, with fractions. Goes back when the wall clock does. */
  now(reading: ClockReading): number {
    // A whole ms may be up to one ms behind: only what certainly has not passed counts against the other clock.
    return this.base + Math.min(this.onMonotonic(reading), this.onWall(reading) + 1);
  }

  /**
   * Ms that have passed since the clock was made: those of the monotonic clock, put right at each answer where that stood or
   * ran wrong. It does not go back when a clock is set, ours or the broker's: for waits that are bounded in themselves.
   */
  passed(reading: ClockReading): number {
    return this.passedBefore + this.onMonotonic(reading);
  }

  /** True when our two clocks have come apart since the broker's last answer. */
  disagrees(reading: ClockReading): boolean {
    return Math.abs(this.onMonotonic(reading) - this.onWall(reading)) > CLOCK_DISAGREEMENT_MS;
  }

  /**
   * Takes the broker's answer.
   *
   * @param stamp append time (Unix ms, whole) of a record that we sent
   * @param sentAt our monotonic time before it was sent
   * @param reading our clocks after it was acknowledged
   */
  correct(stamp: number, sentAt: number, reading: ClockReading): ClockCorrection {
    const uncertaintyMs = reading.monotonic - sentAt;
    const earliest = stamp;
    const latest = stamp + 1 + uncertaintyMs;
    const byMonotonic = this.base + this.onMonotonic(reading);
    const byWall = this.base + this.onWall(reading);
    // Where our clocks have come apart, the one that the broker agrees with is right.
    const ours = distance(byMonotonic, earliest, latest) <= distance(byWall, earliest, latest) ? byMonotonic : byWall;
    // Inside what the answer allows nothing tells more than our own clock; outside it, the lower bound is never early.
    const asked = ours >= earliest && ours <= latest ? ours : earliest;
    const ceiling = Math.max(byMonotonic, byWall);
    const believed = asked > ceiling + CLOCK_JUMP_MS ? ceiling : asked;
    const before = this.now(reading);
    this.passedBefore += ours - this.base;
    this.base = believed;
    this.anchor = reading;
    const movedMs = Math.abs(believed - before) <= 1 ? 0 : believed - before;
    return { movedMs, brokerAheadMs: Math.max(0, earliest - believed), uncertaintyMs };
  }

  private onMonotonic({ monotonic }: ClockReading): number {
    return monotonic - this.anchor.monotonic;
  }

  private onWall({ wall }: ClockReading): number {
    return wall - this.anchor.wall;
  }
}

/** How far a time is outside a stretch of time. */
const distance = (time: number, from: number, to: number): number => Math.max(0, from - time, time - to);
