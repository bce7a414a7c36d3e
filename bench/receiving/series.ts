import { Histogram } from './histogram';

/** What has arrived of a series of numbered events. */
export interface SeriesCount {
  readonly requests: number;
  readonly distinct: number;
}

export interface SeriesReport extends SeriesCount {
  /** Numbers from 0 to the highest that arrived and have not arrived themselves. */
  readonly gaps: number;
  /** By how many numbers the one that was overtaken furthest came late. */
  readonly furthestOvertaken: number;
  /** Of first arrivals behind a higher number: the distance. */
  readonly overtaken: Uint32Array;
  /** Microseconds from the send of the event to its first arrival. */
  readonly latency: Uint32Array;
}

/** Books of one series: one bit for each number, whatever is counted. */
export class Series {
  private seen = new Uint8Array(1_024);
  private requests = 0;
  private distinct = 0;
  private highest = -1;
  private furthest = 0;
  private readonly overtaken = new Histogram();
  private readonly latency = new Histogram();

  /** Both times in microseconds of one clock. */
  note(number: number, sentAt: number, now: number): void {
    this.requests++;
    if (this.isKnown(number)) return;
    this.distinct++;
    this.latency.add(now - sentAt);
    if (number > this.highest) this.highest = number;
    else {
      const distance = this.highest - number;
      this.furthest = Math.max(this.furthest, distance);
      this.overtaken.add(distance);
    }
  }

  get count(): SeriesCount {
    return { requests: this.requests, distinct: this.distinct };
  }

  get report(): SeriesReport {
    return {
      ...this.count,
      gaps: this.highest + 1 - this.distinct,
      furthestOvertaken: this.furthest,
      overtaken: this.overtaken.counts,
      latency: this.latency.counts,
    };
  }

  private isKnown(number: number): boolean {
    const byte = number >>> 3;
    if (byte >= this.seen.length) {
      const larger = new Uint8Array(Math.max(this.seen.length * 2, byte + 1));
      larger.set(this.seen);
      this.seen = larger;
    }
    const bit = 1 << (number & 7);
    if ((this.seen[byte]! & bit) !== 0) return true;
    this.seen[byte]! |= bit;
    return false;
  }
}

/** What stands in an event's id: its series, its number and when it was sent, in microseconds. */
export interface NumberedId {
  readonly series: string;
  readonly number: number;
  readonly sentAt: number;
}

/** A plain token, so that receivers see it as it is. The name of a series has no `-`. */
export const numberedId = ({ series, number, sentAt }: NumberedId): string =>
  `${series}-${number}-${Math.round(sentAt).toString(36)}`;

/** Null for ids that are not numbered. */
export const readNumberedId = (id: string): NumberedId | null => {
  const [series, number, sentAt, ...more] = id.split('-');
  if (series === undefined || number === undefined || sentAt === undefined || more.length > 0) return null;
  return /^\d+$/.test(number) ? { series, number: Number(number), sentAt: Number.parseInt(sentAt, 36) } : null;
};
