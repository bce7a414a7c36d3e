import { NameNotResolved } from '../sending/failures';
import { CachingResolver, DnsResolver } from './name-resolver';

describe('CachingResolver', () => {
  const build = (ttlSeconds: number) => {
    const clock = { now: 1_000 };
    let asked = 0;
    const resolver = new CachingResolver(
      { resolve: async () => [{ address: `10.0.0.${++asked}`, ttlSeconds }] },
      1_000,
      () => clock.now,
    );
    return { clock, resolver, asked: () => asked };
  };

  it('keeps an answer for its TTL', async () => {
    const { clock, resolver, asked } = build(20);
    expect(await resolver.resolve('a')).toEqual(['10.0.0.1']);
    clock.now += 19_999;
    expect(await resolver.resolve('a')).toEqual(['10.0.0.1']);
    clock.now += 1;
    expect(await resolver.resolve('a')).toEqual(['10.0.0.2']);
    expect(asked()).toBe(2);
  });

  it('keeps no answer longer than a minute, and none of TTL 0', async () => {
    const long = build(86_400);
    await long.resolver.resolve('a');
    long.clock.now += 60_000;
    expect(await long.resolver.resolve('a')).toEqual(['10.0.0.2']);
    const none = build(0);
    await none.resolver.resolve('a');
    expect(await none.resolver.resolve('a')).toEqual(['10.0.0.2']);
  });

  it('asks once for all who wait for the same name', async () => {
    const { resolver, asked } = build(0);
    await Promise.all([resolver.resolve('a'), resolver.resolve('a'), resolver.resolve('a')]);
    expect(asked()).toBe(1);
    await resolver.resolve('b');
    expect(asked()).toBe(2);
  });

  it('forgets a failure', async () => {
    let asked = 0;
    const resolver = new CachingResolver(
      {
        resolve: async () => {
          if (++asked === 1) throw new Error('SERVFAIL');
          return [{ address: '10.0.0.1', ttlSeconds: 5 }];
        },
      },
      1_000,
      () => 0,
    );
    await expect(resolver.resolve('a')).rejects.toThrow(NameNotResolved);
    expect(await resolver.resolve('a')).toEqual(['10.0.0.1']);
  });
});

describe('DnsResolver', () => {
  it('finds local names through the system', async () => {
    const found = await new DnsResolver(true).resolve('localhost');
    expect(found.map(({ address }) => address)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(127\.|::1$)/)]),
    );
  });
});
