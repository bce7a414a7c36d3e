/** What the directory needs of a pool of connections. */
export interface ClosablePool {
  /** Finishes what is under way, then closes. */
  close(): Promise<void>;
  destroy(error: Error): Promise<void>;
}

export interface PoolEntry<P extends ClosablePool> {
  pool: P;
  /** Requests under way; the user of the entry counts them down. */
  inFlight: number;
  lastUsed: number;
  bornAt: number;
  readonly build: () => P;
}

/** After this a pool is replaced, so that under steady load, too, names are resolved and addresses judged anew. */
const POOL_LIFE_MS = 60_000;

/**
 * The pools by origin. Beyond `kept` origins the longest unused one without a request under way is closed. Replaced pools
 * finish their requests on their own.
 */
export class PoolDirectory<P extends ClosablePool> {
  private readonly entries = new Map<string, PoolEntry<P>>();
  private readonly retiring = new Set<P>();

  constructor(
    private readonly kept: number,
    private readonly builderFor: (origin: string, port: number) => () => P,
  ) {}

  /** The pool of an origin, with one more request under way. `now` is monotonic, in ms. */
  use(origin: string, port: number, now: number): PoolEntry<P> {
    let entry = this.entries.get(origin);
    if (entry === undefined) {
      if (this.entries.size >= this.kept) this.evict();
      const build = this.builderFor(origin, port);
      entry = { pool: build(), inFlight: 0, lastUsed: now, bornAt: now, build };
      this.entries.set(origin, entry);
    } else if (now - entry.bornAt > POOL_LIFE_MS) {
      this.retire(entry.pool);
      entry.pool = entry.build();
      entry.bornAt = now;
    }
    entry.lastUsed = now;
    entry.inFlight++;
    return entry;
  }

  get size(): number {
    return this.entries.size;
  }

  async destroy(): Promise<void> {
    const pools = [...this.retiring, ...[...this.entries.values()].map((entry) => entry.pool)];
    this.entries.clear();
    await Promise.all(pools.map((pool) => pool.destroy(new Error('closed'))));
  }

  private evict(): void {
    let oldest: [string, PoolEntry<P>] | null = null;
    for (const candidate of this.entries)
      if (candidate[1].inFlight === 0 && (oldest === null || candidate[1].lastUsed < oldest[1].lastUsed))
        oldest = candidate;
    if (oldest === null) return;
    this.entries.delete(oldest[0]);
    this.retire(oldest[1].pool);
  }

  private retire(pool: P): void {
    this.retiring.add(pool);
    pool.close().then(
      () => this.retiring.delete(pool),
      () => this.retiring.delete(pool),
    );
  }
}
