const STEP = Math.log(1.01);
const BUCKETS = 2_400;

/** Counts of values from 1 to 10^10 in buckets of 1 %, and of smaller ones as 1. Flat in memory, whatever it counts. */
export class Histogram {
  constructor(private readonly buckets: Uint32Array = new Uint32Array(BUCKETS)) {}

  /** As `counts` gave it, in another process. */
  static of(buckets: Uint32Array): Histogram {
    return new Histogram(buckets);
  }

  get counts(): Uint32Array {
    return this.buckets;
  }

  get total(): number {
    return this.buckets.reduce((sum, count) => sum + count, 0);
  }

  add(value: number): void {
    this.buckets[bucketOf(value)]!++;
  }

  /** The value that the share `q` (0 to 1) of all does not exceed, to 1 %; NaN of nothing. */
  quantile(q: number): number {
    const wanted = Math.max(1, Math.ceil(this.total * q));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.buckets[bucket]!;
      if (seen >= wanted) return Math.exp(bucket * STEP);
    }
    return Number.NaN;
  }

  /** How many are larger, to 1 %. */
  above(value: number): number {
    let count = 0;
    for (let bucket = bucketOf(value) + 1; bucket < BUCKETS; bucket++) count += this.buckets[bucket]!;
    return count;
  }
}

const bucketOf = (value: number): number =>
  value <= 1 ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(value) / STEP - 1e-9));
