import { PoolDirectory } from './pool-directory';

class FakePool {
  closed = 0;
  destroyed = 0;
  constructor(
    readonly origin: string,
    readonly number: number,
  ) {}
  async close(): Promise<void> {
    this.closed++;
  }
  async destroy(): Promise<void> {
    this.destroyed++;
  }
}

describe('PoolDirectory', () => {
  const build = (kept: number) => {
    const pools: FakePool[] = [];
    const directory = new PoolDirectory<FakePool>(kept, (origin) => () => {
      const pool = new FakePool(origin, pools.length);
      pools.push(pool);
      return pool;
    });
    return { directory, pools };
  };

  it('gives one pool for an origin and counts its requests', () => {
    const { directory, pools } = build(10);
    directory.use('https://a', 443, 0);
    expect(directory.use('https://a', 443, 1)).toMatchObject({ inFlight: 2, lastUsed: 1 });
    directory.use('https://b', 443, 1);
    expect(pools).toHaveLength(2);
  });

  it('closes the longest unused origin when it holds too many', () => {
    const { directory, pools } = build(2);
    directory.use('https://a', 443, 0).inFlight--;
    directory.use('https://b', 443, 1).inFlight--;
    directory.use('https://a', 443, 2).inFlight--;
    directory.use('https://c', 443, 3);
    expect(pools.map((pool) => [pool.origin, pool.closed])).toEqual([
      ['https://a', 0],
      ['https://b', 1],
      ['https://c', 0],
    ]);
    expect(directory.size).toBe(2);
  });

  it('closes no origin with a request under way', () => {
    const { directory, pools } = build(1);
    directory.use('https://a', 443, 0);
    directory.use('https://b', 443, 1);
    expect(pools.map((pool) => pool.closed)).toEqual([0, 0]);
    expect(directory.size).toBe(2);
  });

  it('replaces a pool that is older than a minute, so that names are resolved anew', () => {
    const { directory, pools } = build(10);
    const entry = directory.use('https://a', 443, 0);
    directory.use('https://a', 443, 60_000);
    expect(entry.pool.number).toBe(0);
    directory.use('https://a', 443, 60_001);
    expect([entry.pool.number, pools[0]!.closed]).toEqual([1, 1]);
  });

  it('destroys every pool at the end', async () => {
    const { directory, pools } = build(10);
    directory.use('https://a', 443, 0);
    directory.use('https://b', 443, 0);
    await directory.destroy();
    expect(pools.map((pool) => pool.destroyed)).toEqual([1, 1]);
  });
});
