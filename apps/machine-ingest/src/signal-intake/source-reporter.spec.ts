import { decodeSourceState, type OutgoingMessage, type SourceState } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { laterThanTimer } from '@millrace/test-environment';
import type { Passed } from './kafka-source.sink';
import type { OpenSourceHealth, SourceConnection, SourceCursor } from './source-kind';
import { lostBefore, SourceReporter } from './source-reporter';

const record = {
  v: 1 as const,
  tenant: 'default',
  name: 'line-1',
  type: 'test',
  enabled: true,
  version: 2,
  createdAt: 1,
  settings: {},
};

const site = (cursor: SourceCursor | null = null, lostSince: number | null = null) => {
  const written: SourceState[] = [];
  const world = {
    now: 10_000,
    up: true,
    hangs: false,
    released: [] as Array<() => void>,
    counts: { rebirths: 1 } as OpenSourceHealth['counts'],
    connection: { state: 'connecting', since: 0 } as SourceConnection,
    passed: { received: 0, refused: 0, gaps: 0, lastSignal: null, cursor: undefined } as Passed,
  };
  const health = (): OpenSourceHealth => ({
    connection: world.connection,
    lastError: null,
    counts: world.counts,
    queued: 0,
    lagMs: 5,
  });
  const reporter = new SourceReporter({
    record,
    health,
    passed: () => world.passed,
    cursor,
    lostSince,
    producer: {
      send: async (messages: readonly OutgoingMessage[]) => {
        if (world.hangs) await new Promise<void>((resolve) => void world.released.push(resolve));
        if (!world.up) throw new Error('away');
        for (const { key, value } of messages) {
          const change = decodeSourceState({ key: Buffer.from(key!), value });
          if (change.kind === 'put') written.push(change.state);
        }
      },
    },
    topic: 'source-state',
    owner: 'me',
    clock: () => world.now,
    logger: silentLogger,
  });
  const look = async () => {
    reporter.look();
    await new Promise((resolve) => setImmediate(resolve));
    return written.length;
  };
  const receive = (received: number, next: SourceCursor) => {
    world.passed = { ...world.passed, received, cursor: next };
  };
  return { world, written, reporter, look, receive };
};

test('a change of the connection is told at once, what moves once a second or every 2,000 signals', async () => {
  const { world, written, look, receive } = site();
  expect(await look()).toBe(1);
  expect(await look()).toBe(1);
  world.connection = { state: 'connected', since: 1, session: 's' };
  expect(await look()).toBe(2);
  receive(10, { next: 10 });
  expect(await look()).toBe(2);
  world.now += 1_000;
  expect(await look()).toBe(3);
  expect(written.at(-1)).toMatchObject({
    counts: { rebirths: 1, gaps: 0, received: 10 },
    cursor: { next: 10 },
    rate: 10,
    owner: 'me',
  });
  receive(2_010, { next: 2_010 });
  expect(await look()).toBe(4);
  expect(await look()).toBe(4);
});

test('a source that is tried again and again is lost since its first failure, until it is connected', async () => {
  const { world, written, look } = site();
  const told = async (connection: SourceConnection) => {
    world.connection = connection;
    world.now += 5_000;
    await look();
    return written.at(-1)!.connection.since;
  };
  const lost = (state: 'disconnected' | 'degraded', since: number) =>
    told({ state, since, reason: 'connection refused', nextTryAt: since + 100 });
  expect(await lost('disconnected', 11_000)).toBe(11_000);
  expect(await told({ state: 'connecting', since: 12_000 })).toBe(12_000);
  expect(await lost('disconnected', 13_000)).toBe(11_000);
  expect(await lost('degraded', 14_000)).toBe(11_000);
  expect(await told({ state: 'connected', since: 15_000, session: 's' })).toBe(15_000);
  expect(await lost('disconnected', 16_000)).toBe(16_000);
});

test('its next owner goes on from since when it was lost', async () => {
  const { world, written, look } = site(null, 500);
  await look();
  world.connection = { state: 'degraded', since: 9_000, reason: 'connection refused', nextTryAt: null };
  await look();
  expect(written.at(-1)!.connection.since).toBe(500);
  expect(lostBefore(written.at(-1)!, record)).toBe(500);
  expect(lostBefore(written.at(-1)!, { createdAt: 2 })).toBeNull();
  expect(lostBefore(written[0]!, record)).toBeNull();
});

test('of a source that has fallen silent it is told every five seconds that it lives, and that it has no rate', async () => {
  const { world, written, look, receive } = site();
  await look();
  world.now += 1_000;
  receive(10, { next: 10 });
  expect(await look()).toBe(2);
  world.now += 4_000;
  expect(await look()).toBe(2);
  world.now += 1_000;
  expect(await look()).toBe(3);
  expect(written.at(-1)).toMatchObject({ rate: 0, counts: { received: 10 } });
  world.now += 4_999;
  expect(await look()).toBe(3);
  world.now += 1;
  expect(await look()).toBe(4);
  expect(written.at(-1)).toMatchObject({ owner: 'me', at: world.now });
  world.now += 1_000;
  world.counts = { rebirths: 2 };
  expect(await look()).toBe(5);
  expect(written.at(-1)).toMatchObject({ counts: { rebirths: 2 } });
});

test('what was lost is what its log tells, whatever the kind counts', async () => {
  const { world, written, look } = site();
  world.counts = { gaps: 7, sessionsLost: 1 };
  world.passed = { ...world.passed, received: 2, gaps: 1 };
  await look();
  expect(written.at(-1)).toMatchObject({ counts: { gaps: 1, sessionsLost: 1 } });
});

test('what was not stored is told again', async () => {
  const { world, written, look, receive } = site();
  world.up = false;
  expect(await look()).toBe(0);
  world.up = true;
  receive(1, { next: 1 });
  expect(await look()).toBe(1);
  expect(written[0]).toMatchObject({ cursor: { next: 1 } });
});

test('the last word gives the source up with where it has got to', async () => {
  const { world, written, reporter, receive } = site({ next: 5 });
  await reporter.giveUp(0);
  expect(written.at(-1)).toMatchObject({ owner: null, cursor: { next: 5 }, connection: { state: 'stopped' } });
  receive(1, { next: 6 });
  world.connection = { state: 'finished', since: 3 };
  await reporter.giveUp(0);
  expect(written.at(-1)).toMatchObject({ owner: null, cursor: { next: 6 }, connection: { state: 'finished' } });
  expect(reporter.cursor).toEqual({ next: 6 });
});

test.each(['a write that is under way', 'its own'])(
  'the last word ends in time while Kafka answers nothing: %s',
  async (which) => {
    const { world, look, reporter } = site();
    if (which === 'its own') await look();
    world.hangs = true;
    await look();
    const { laterMs } = await laterThanTimer(100, () => reporter.giveUp(100));
    expect(laterMs).toBeLessThan(2_000);
  },
);

test('a last word that could not be stored in time is none: another owner may have begun', async () => {
  const { world, written, look, reporter } = site();
  world.hangs = true;
  await look();
  await reporter.giveUp(10);
  world.now += 60_000;
  world.hangs = false;
  for (const release of world.released) release();
  await new Promise((resolve) => setImmediate(resolve));
  expect(written.map(({ owner }) => owner)).toEqual(['me']);
});

test('a cursor that is too large is not stored, and the rest is', async () => {
  const { written, look, receive } = site();
  receive(1, { rows: 'x'.repeat(70_000) });
  await look();
  expect(written.at(-1)).toMatchObject({ cursor: null, counts: { received: 1 } });
});

test('a cursor that is waited for is stored at once, after what is being written, until Kafka takes it', async () => {
  const { world, written, reporter, receive } = site();
  const stopping = new AbortController();
  world.hangs = true;
  reporter.look();
  receive(10, { next: 10 });
  const storing = reporter.store(stopping.signal);
  world.hangs = false;
  world.up = false;
  for (const release of world.released.splice(0)) release();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(written).toEqual([]);
  world.up = true;
  await storing;
  expect(written.map(({ cursor }) => cursor)).toEqual([{ next: 10 }]);
  // It is there already.
  await reporter.store(stopping.signal);
  expect(written).toHaveLength(1);
  receive(11, { next: 11 });
  world.up = false;
  const stopped = reporter.store(stopping.signal);
  stopping.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow();
});

test('a rate is not that of the moment between two cursors', async () => {
  const { world, written, reporter, receive, look } = site();
  await look();
  for (let n = 1; n <= 4; n++) {
    world.now += 100;
    receive(n * 10, { next: n });
    await reporter.store(new AbortController().signal);
  }
  expect(written.map(({ rate }) => Math.round(rate))).toEqual([0, 0, 0, 100, 100]);
});

test('when something was refused last is told with how much was', async () => {
  const { world, look, written } = site();
  await look();
  world.passed = { ...world.passed, refused: 2, lastRefusedAt: 10_500 };
  world.now = 20_000;
  await look();
  expect(written.map(({ counts, lastRefusedAt }) => [counts['refused'], lastRefusedAt])).toEqual([
    [0, undefined],
    [2, 10_500],
  ]);
});
