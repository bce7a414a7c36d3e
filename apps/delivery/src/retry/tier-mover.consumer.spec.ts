import { RETRY_TIERS } from '@millrace/domain';
import { metrics } from '@millrace/telemetry';
import { MoverWorld, START, task, topics } from './retry.fixture';
import type { TierMover } from './tier-mover.consumer';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

beforeEach(() => jest.useFakeTimers({ now: START }));
afterEach(() => jest.useRealTimers());

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);
const stop = async (mover: TierMover) => {
  const stopped = mover.stop(0);
  await pass(10);
  await stopped;
};

describe('tier mover', () => {
  it('sends a task to its owner shortly before it is due, with what is left to wait', async () => {
    const { mover, moved, finished, arrive } = bound(new MoverWorld());
    arrive('5s', task({ remainingDelayMs: 5_700 }));
    await pass(5_599);
    expect(moved).toEqual([]);
    await pass(10);
    expect(moved).toEqual([{ topic: topics.deliveries, at: 5_600, task: task({ remainingDelayMs: 100 }) }]);
    expect(finished).toEqual(['dlv_1']);
    await stop(mover);
  });

  it('counts from the plan, when the way to the broker took a while', async () => {
    const { mover, moved, arrive } = bound(new MoverWorld());
    arrive('1s', task({ remainingDelayMs: 1_000, plannedAt: START + 980 }));
    await pass(1_000);
    expect(moved).toMatchObject([{ at: 880, task: { remainingDelayMs: 100 } }]);
    await stop(mover);
  });

  it('sends a task that has further to go into the next tier when its own is over', async () => {
    const { mover, moved, arrive } = bound(new MoverWorld());
    arrive('30s', task({ remainingDelayMs: 37_000 }), { ageMs: 20 });
    await pass(40_000);
    expect(moved).toMatchObject([{ topic: topics.retry('5s'), at: 29_980, task: { remainingDelayMs: 7_000 } }]);
    await stop(mover);
  });

  it('never reckons a record of another tier or partition to be in front, however many wait there', async () => {
    const { mover, moved, arrive } = bound(new MoverWorld());
    for (let n = 0; n < 1_000; n++)
      arrive('24h', task({ deliveryId: `long_${n}`, remainingDelayMs: DAY }), { partition: n % 3 });
    arrive('1s', task({ deliveryId: 'second', remainingDelayMs: 1_500 }), { partition: 1 });
    arrive('1s', task({ deliveryId: 'first', remainingDelayMs: 1_200 }), { partition: 2 });
    arrive('1s', task({ deliveryId: 'late', remainingDelayMs: 1_200 }), { partition: 0, ageMs: 5_000 });
    await pass(2_000);
    expect(moved.map(({ task, at }) => [task.deliveryId, at])).toEqual([
      ['late', 0],
      ['first', 1_100],
      ['second', 1_400],
    ]);
    await stop(mover);
  });

  it('keeps the order of a partition, whatever reading the clocks takes', async () => {
    const { mover, moved, arrive, clocks } = bound(new MoverWorld());
    let reads = 0;
    clocks.readMs = () => ((reads++ * 7) % 13) / 10;
    for (let n = 0; n < 300; n++) arrive('1s', task({ deliveryId: `d${n}`, remainingDelayMs: 1_000 }));
    await pass(1_100);
    expect(moved.map(({ task }) => task.deliveryId)).toEqual(Array.from({ length: 300 }, (_each, n) => `d${n}`));
    await stop(mover);
  });

  it('goes on with what is due while Kafka takes long to acknowledge', async () => {
    const world = new MoverWorld();
    world.ackMs = 300;
    for (let n = 0; n < 5; n++) world.arrive('1s', task({ deliveryId: `d${n}`, remainingDelayMs: 1_100 + n * 100 }));
    await pass(3_000);
    expect(world.moved.map(({ at }) => at)).toEqual([1_000, 1_300, 1_300, 1_300, 1_600]);
    expect(world.finished).toEqual(['d0', 'd1', 'd2', 'd3', 'd4']);
    await stop(world.mover);
  });

  it('holds a task again when the process that held it is gone, for the rest only', async () => {
    const { mover, moved, arrive, lose } = bound(new MoverWorld());
    arrive('30s', task({ deliveryId: 'lost', remainingDelayMs: 30_000 }));
    arrive('1m', task({ deliveryId: 'kept', remainingDelayMs: 60_000 }));
    await pass(10_000);
    await lose('30s');
    expect(held()).toBe(1);
    await pass(30_000);
    expect(moved).toEqual([]);
    // The partition comes back, with the record that nobody moved meanwhile.
    arrive('30s', task({ deliveryId: 'lost', remainingDelayMs: 30_000 }), { ageMs: 40_000 });
    await pass(30_000);
    expect(moved.map(({ task, at }) => [task.deliveryId, at, task.remainingDelayMs])).toEqual([
      ['lost', 40_000, 0],
      ['kept', 59_900, 100],
    ]);
    await stop(mover);
  });

  it('puts a record that is no task into the quarantine, and goes on', async () => {
    const { mover, moved, finished, arrive } = bound(new MoverWorld());
    arrive('1s', {} as never);
    arrive('1s', task({ remainingDelayMs: 1_000 }));
    await pass(1_000);
    expect(moved.map(({ topic }) => topic)).toEqual([topics.eventsRejected, topics.deliveries]);
    expect(finished).toEqual([undefined, 'dlv_1']);
    await stop(mover);
  });

  it('stops while Kafka is away, and leaves the record unfinished', async () => {
    const world = new MoverWorld();
    world.ackMs = 3_600_000;
    world.arrive('1s', task({ remainingDelayMs: 1_000 }));
    await pass(1_000);
    expect(world.moved).toHaveLength(1);
    const stopped = world.mover.stop(10);
    await pass(20);
    await stopped;
    expect(world.finished).toEqual([]);
  });
});

describe('very many at once', () => {
  const storm = async (endpoints: number, count: number) => {
    const world = new MoverWorld({ movesPerSecond: { least: 1_000, first: 1_000, most: 1_000 } });
    for (let n = 0; n < count; n++)
      world.arrive('1s', task({ deliveryId: `d${n}`, endpointId: `ep_${n % endpoints}`, remainingDelayMs: 1_100 }));
    return world;
  };

  it('leave at the pace, all of them, each endpoint in its order', async () => {
    const world = await storm(3, 2_000);
    await pass(999);
    expect(world.moved).toHaveLength(0);
    await pass(502);
    // What a short while brings may go at once; then the rate.
    expect(world.moved.length).toBeGreaterThan(500);
    expect(world.moved.length).toBeLessThanOrEqual(521);
    await pass(1_500);
    expect(world.finished).toHaveLength(2_000);
    for (const endpointId of ['ep_0', 'ep_1', 'ep_2']) {
      const order = world.moved
        .filter(({ task }) => task.endpointId === endpointId)
        .map(({ task }) => Number(task.deliveryId.slice(1)));
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
    await stop(world.mover);
  });

  it('do not hold up another endpoint', async () => {
    const world = await storm(1, 5_000);
    await pass(500);
    world.arrive('1s', task({ deliveryId: 'other', endpointId: 'ep_other', remainingDelayMs: 1_500 }));
    await pass(4_000);
    const other = world.moved.find(({ task }) => task.deliveryId === 'other')!;
    expect(other.at).toBeGreaterThanOrEqual(1_900);
    expect(other.at).toBeLessThan(2_000);
    expect(world.moved.length).toBeLessThan(5_000);
    await stop(world.mover);
  });

  it('are not woken for one at a time', async () => {
    const world = await storm(1, 1_000);
    const sends = jest.spyOn(world as unknown as { take: () => Promise<void> }, 'take');
    await pass(2_500);
    expect(world.moved).toHaveLength(1_000);
    expect(sends.mock.calls.length).toBeLessThan(60);
    await stop(world.mover);
  });
});

describe.each([
  ['an hour forward', HOUR],
  ['an hour back', -HOUR],
  ['eight days forward', 8 * DAY],
  ['eight days back', -8 * DAY],
])('the clock of the machine is set %s in the middle of a wait', (_name, by) => {
  it.each(RETRY_TIERS)('neither early nor late, in tier $name', async (tier) => {
    const { mover, moved, arrive, clocks } = bound(new MoverWorld());
    arrive(tier.name, task({ remainingDelayMs: tier.delayMs + 500, plannedAt: START + tier.delayMs + 500 }));
    await pass(tier.delayMs / 2);
    clocks.wallOff += by;
    // One that comes after it, before the broker was asked.
    arrive(tier.name, task({ deliveryId: 'after', remainingDelayMs: tier.delayMs }));
    await pass(tier.delayMs * 2);
    expect(moved.map(({ task }) => task.deliveryId)).toEqual(['dlv_1', 'after']);
    const [first, after] = moved;
    const due = tier.delayMs + 500;
    expect(first!.at + first!.task.remainingDelayMs).toBeGreaterThanOrEqual(due - 1);
    expect(first!.at).toBeLessThanOrEqual(due - 100 + 5);
    const dueAfter = tier.delayMs * 1.5;
    expect(after!.at + after!.task.remainingDelayMs).toBeGreaterThanOrEqual(dueAfter - 1);
    expect(after!.at).toBeLessThanOrEqual(dueAfter - 100 + 5);
    await stop(mover);
  });
});

describe('clocks that are wrong in other ways', () => {
  it('the machine sleeps in the middle of a wait: the task leaves when it wakes', async () => {
    const { mover, moved, arrive, clocks } = bound(new MoverWorld());
    arrive('24h', task({ remainingDelayMs: DAY, plannedAt: START + DAY }));
    await pass(HOUR);
    // The monotonic clock stands while the others go on.
    clocks.wallOff += 2 * DAY;
    clocks.brokerOff += 2 * DAY;
    clocks.now();
    await pass(100);
    expect(moved).toMatchObject([{ task: { remainingDelayMs: 0 } }]);
    await stop(mover);
  });

  it.each([
    ['wall clock runs 10 % fast', 'wallOff', 0.1],
    ['wall clock runs 10 % slow', 'wallOff', -0.1],
    ['monotonic clock runs 10 % fast', 'monotonicOff', 0.1],
    ['monotonic clock runs 10 % slow', 'monotonicOff', -0.1],
  ] as const)('the %s', async (_name, clock, drift) => {
    const { mover, moved, arrive, clocks } = bound(new MoverWorld());
    arrive('1m', task({ remainingDelayMs: 60_000 }));
    for (let n = 0; n < 700; n++) {
      clocks[clock] += 100 * drift;
      // Somebody asks for the time now and then: a dispatcher does for each record.
      clocks.now();
      await pass(100);
    }
    expect(moved[0]!.at + moved[0]!.task.remainingDelayMs).toBeGreaterThanOrEqual(60_000 - 1);
    expect(moved[0]!.at).toBeLessThan(60_000 + 50);
    await stop(mover);
  });

  it('the broker runs slow by less than an answer shows: a task that came late waits for its time all the same', async () => {
    const { mover, moved, arrive, clocks } = bound(new MoverWorld());
    clocks.roundTripMs = 0;
    arrive('5m', task({ remainingDelayMs: 300_000 }), { ageMs: 100_000 });
    const due = clocks.broker + 200_000;
    for (let n = 0; n < 2_100 && moved.length === 0; n++) {
      clocks.brokerOff -= 0.5;
      void clocks.ask();
      await pass(100);
    }
    expect(clocks.broker + moved[0]!.task.remainingDelayMs).toBeGreaterThanOrEqual(due - 2);
    await stop(mover);
  });

  it("the broker's clock is set forward: what waits is not early, and what comes waits what it should", async () => {
    const { mover, moved, arrive, clocks } = bound(new MoverWorld());
    arrive('1m', task({ deliveryId: 'before', remainingDelayMs: 60_000 }));
    await pass(1_000);
    clocks.brokerOff += HOUR;
    void clocks.ask();
    await pass(1_000);
    arrive('1m', task({ deliveryId: 'after', remainingDelayMs: 60_000 }));
    await pass(100_000);
    expect(moved.map(({ task, at }) => [task.deliveryId, at])).toEqual([
      ['before', 59_900],
      ['after', 61_950],
    ]);
    await stop(mover);
  });

  it("the broker's clock is set back: records that come tell it, wait what they should, and none strands", async () => {
    const { mover, moved, arrive, clocks } = bound(new MoverWorld());
    arrive('1m', task({ deliveryId: 'before', remainingDelayMs: 60_000 }));
    await pass(1_000);
    clocks.brokerOff -= HOUR;
    arrive('1m', task({ deliveryId: 'after', remainingDelayMs: 60_000 }));
    await pass(100_000);
    expect(clocks.asked).toBe(1);
    expect(moved.map(({ task }) => task.deliveryId)).toEqual(['before', 'after']);
    expect(moved[0]!.at).toBe(59_950);
    expect(moved[1]!.at + moved[1]!.task.remainingDelayMs).toBeGreaterThanOrEqual(61_000 - 1);
    expect(moved[1]!.at).toBeLessThan(61_000);
    await stop(mover);
  });

  it('what was written under a clock that was ahead waits no longer than it should from when it is seen', async () => {
    const { mover, moved, arrive } = bound(new MoverWorld());
    arrive('5s', task({ remainingDelayMs: 7_000 }), { ageMs: -8 * DAY });
    await pass(6_000);
    // Into the next tier with what was not waited here, not with eight days.
    expect(moved).toMatchObject([{ topic: topics.retry('1s'), at: 5_050, task: { remainingDelayMs: 2_000 } }]);
    await stop(mover);
  });
});

const bound = (world: MoverWorld) => ({
  mover: world.mover,
  moved: world.moved,
  finished: world.finished,
  clocks: world.clocks,
  arrive: world.arrive.bind(world),
  lose: world.lose.bind(world),
});

const held = (): number => {
  const line = metrics
    .render()
    .split('\n')
    .find((each) => each.startsWith('webhook_retries_held '));
  return Number(line?.split(' ')[1]);
};
