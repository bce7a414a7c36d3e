/**
 * When each device is polled: at a steady pace that no answer's time makes drift. A poll that was due while another went on
 * is not made up for; how many were left out is told. Times are of a clock that nobody sets, ms.
 */
export class PollSchedule {
  private due: number[] = [];

  constructor(private readonly intervals: readonly number[]) {}

  /** All are due now. */
  begin(now: number): void {
    this.due = this.intervals.map(() => now);
  }

  /** The device whose turn is next, and when. */
  next(): { readonly device: number; readonly due: number } {
    let device = 0;
    for (let other = 1; other < this.due.length; other++) if (this.due[other]! < this.due[device]!) device = other;
    return { device, due: this.due[device]! };
  }

  /** Its poll is over; answers how many of its polls were left out meanwhile. */
  polled(device: number, now: number): number {
    const interval = this.intervals[device]!;
    const next = this.due[device]! + interval;
    const missed = now <= next ? 0 : Math.floor((now - next) / interval);
    this.due[device] = next + missed * interval;
    return missed;
  }

  /** It is left alone for so long. */
  rest(device: number, now: number, ms: number): void {
    this.due[device] = Math.max(this.due[device]!, now + ms);
  }
}
