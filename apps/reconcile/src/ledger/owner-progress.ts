/** Entries kept before neighbours are joined. */
const MOST_ENTRIES = 65_536;

/**
 * How far the owner of a partition has come in `deliveries`, by the log alone: every fact about a record says that by then its
 * owner had taken up records to there. Who left a record behind long before that has lost it.
 *
 * The log is in order of time, so the entries are; each stands for a span of time and gives the highest offset in it.
 */
export class OwnerProgress {
  private times: number[] = [];
  private highest: number[] = [];
  /** From each entry on; null when it has to be made again. */
  private onwards: number[] | null = null;
  private spanMs: number;

  /** @param graceMs what is asked about later is at least this long after something */
  constructor(graceMs: number) {
    this.spanMs = Math.max(1, Math.floor(graceMs / 16));
  }

  /** @param at append time of the fact, Unix ms */
  note(at: number, recordOffset: number): void {
    const last = this.times.length - 1;
    if (last >= 0 && at - this.times[last]! < this.spanMs) {
      if (recordOffset > this.highest[last]!) this.highest[last] = recordOffset;
    } else {
      this.times.push(at);
      this.highest.push(recordOffset);
      if (this.times.length > MOST_ENTRIES) this.join();
    }
    this.onwards = null;
  }

  /** Whether the owner took up a record behind `offset` at or after the time. */
  wentPast(offset: number, after: number): boolean {
    this.onwards ??= this.summed();
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle]! < after) low = middle + 1;
      else high = middle;
    }
    return low < this.times.length && this.onwards[low]! > offset;
  }

  private summed(): number[] {
    const onwards = [...this.highest];
    for (let at = onwards.length - 2; at >= 0; at--) onwards[at] = Math.max(onwards[at]!, onwards[at + 1]!);
    return onwards;
  }

  /** An entry keeps the earlier of two times, so that it never says that something was later than it was. */
  private join(): void {
    const { times, highest } = this;
    this.times = times.filter((_time, at) => at % 2 === 0);
    this.highest = this.times.map((_time, at) => Math.max(highest[2 * at]!, highest[2 * at + 1] ?? 0));
    this.spanMs *= 2;
  }
}
