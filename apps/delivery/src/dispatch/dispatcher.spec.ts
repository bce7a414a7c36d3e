import { RETRY_TIERS } from '@millrace/domain';
import { answer, DispatcherWorld, endpoint, NOW, refusal, task, topics } from './dispatcher.fixture';

const several = (world: DispatcherWorld, count: number): void => {
  for (let n = 1; n <= count; n++) world.give(task({ deliveryId: `d${n}` }));
};

describe('dispatcher', () => {
  it('writes the start, sends, writes the end, and only then finishes the record', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(204)]);
    world.give(task());
    expect(world.happened).toEqual(['attempt-started']);
    await world.settleDown();
    expect(world.happened).toEqual(['attempt-started', 'request', 'attempt-finished', 'finished 0']);
  });

  it('has the retry acknowledged before the failed attempt is finished', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(500)]);
    world.give(task());
    await world.settleDown();
    expect(world.happened).toEqual(['attempt-started', 'request', 'retry.5s', 'attempt-finished', 'finished 0']);
    expect(world.sent(topics.retry('5s'))[0]).toMatchObject({
      attempt: 2,
      remainingDelayMs: 5_000,
      firstFailedAt: NOW,
    });
    expect(world.tasks[0]!.value!.toString()).toBe('{"id":"evt_1"}');
    expect(world.facts[1]).toMatchObject({
      outcome: 'http_500',
      result: { kind: 'retry', nextAttemptAt: NOW + 5_000 },
    });
  });

  it.each([
    [[], 'dead-letter'],
    [[7_000], 'retry.5s'],
  ])('follows the own schedule %j of an endpoint', async (delaysMs, expected) => {
    const world = new DispatcherWorld(endpoint({ retry: { delaysMs, jitter: 0 } }), [answer(500)]);
    world.give(task());
    await world.settleDown();
    expect(world.happened).toContain(expected);
  });

  it("masks the customer's own headers in the log, and sends them", async () => {
    const world = new DispatcherWorld(endpoint());
    world.give(task());
    await world.settleDown();
    expect(world.requests[0]!.headers).toContainEqual(['authorization', 'Bearer of the customer']);
    expect(JSON.stringify(world.facts)).not.toContain('Bearer of the customer');
  });

  it('gives a repeat that arrives during the attempt the same end, and sends once', async () => {
    const world = new DispatcherWorld(endpoint());
    world.give(task());
    world.give(task());
    await world.settleDown();
    expect(world.happened).toEqual(['attempt-started', 'request', 'attempt-finished', 'finished 0', 'finished 1']);
  });

  it('drops a repeat of a finished attempt after a restart', async () => {
    const world = new DispatcherWorld(endpoint());
    world.give(task());
    await world.settleDown();
    await world.restart(0);
    expect(world.happened.slice(4)).toEqual(['finished 0']);
  });

  it('waits no longer than was asked for when our clock was set back', async () => {
    const world = new DispatcherWorld(endpoint());
    world.give(task({ remainingDelayMs: 5 }), true, NOW + 3_600_000);
    expect(world.happened).toEqual([]);
    await world.pass(6);
    await world.until(() => world.times('request') === 1);
  });

  it('waits on when its timer fires and the clock says that it is early', async () => {
    const world = new DispatcherWorld(endpoint());
    world.give(task({ remainingDelayMs: 5 }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.happened).toEqual([]);
    await world.pass(5);
    await world.until(() => world.times('request') === 1);
  });

  it("sends nothing of one tenant to another tenant's endpoint", async () => {
    const world = new DispatcherWorld(endpoint({ tenant: 'other' }));
    world.give(task());
    await world.settleDown();
    expect(world.happened).toEqual(['dead-letter', 'ended', 'finished 0']);
    expect(world.facts[0]).toMatchObject({ status: 'failed', reason: 'unusable_task' });
  });

  it.each([
    ['paused', endpoint({ status: 'paused', version: 2 }), 'parked'],
    ['deleted', undefined, 'ended'],
  ])('sends nothing of what is queued when its endpoint is %s', async (_what, to, instead) => {
    const world = new DispatcherWorld(endpoint());
    several(world, 3);
    world.change(to);
    await world.settleDown();
    expect(world.times('request')).toBe(2);
    expect(world.happened).toContain(instead);
    expect(world.happened.at(-1)).toBe('finished 2');
  });

  it('sends nothing more of what is queued when the receiver answers 410', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(410), answer(410)]);
    several(world, 3);
    await world.settleDown();
    expect(world.times('request')).toBe(2);
    expect(world.times('parked')).toBe(1);
  });

  it("does not take Kafka's silence for a receiver's", async () => {
    const world = new DispatcherWorld(endpoint(), [], { queuePerEndpoint: 100 });
    several(world, 50);
    const before = [...world.happened];
    await Promise.all([world.pass(3_000)]);
    expect(before).toEqual(['attempt-started', 'attempt-started']);
    expect(world.times('parked')).toBe(0);
  });

  it('when it stops, records what is under way and begins nothing of what waits', async () => {
    const world = new DispatcherWorld(endpoint());
    several(world, 3);
    world.give(task({ deliveryId: 'd4', remainingDelayMs: 1 }));
    const stopped = world.dispatcher.stop(60_000).then(() => world.happened.push('stopped'));
    world.give(task({ deliveryId: 'd5' }));
    await world.settleDown();
    await stopped;
    expect(world.happened.filter((what) => what.startsWith('finished'))).toEqual(['finished 0', 'finished 1']);
    expect(world.times('request')).toBe(2);
    expect(world.happened.at(-1)).toBe('stopped');
  });

  it('gives up waiting for a request that outlasts the drain', async () => {
    const world = new DispatcherWorld(endpoint());
    world.give(task());
    await world.dispatcher.stop(1);
  });

  it('cancels what belongs to a deleted endpoint', async () => {
    const world = new DispatcherWorld(undefined);
    world.give(task());
    await world.settleDown();
    expect(world.happened).toEqual(['ended', 'finished 0']);
    expect(world.facts[0]).toMatchObject({ status: 'cancelled', reason: 'endpoint_deleted', by: null });
  });

  it('looks again for an endpoint that its view does not have yet', async () => {
    const world = new DispatcherWorld(undefined);
    world.give(task());
    world.change(endpoint());
    await world.settleDown();
    expect(world.happened).toContain('request');
  });

  it('fails the delivery and disables the endpoint when the receiver answers 410, and parks the next', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(410)]);
    world.give(task());
    await world.settleDown();
    expect(world.happened).toEqual([
      'attempt-started',
      'request',
      'dead-letter',
      'endpoint-lifecycle',
      'events.operations',
      'attempt-finished',
      'finished 0',
    ]);
    expect(JSON.parse(world.tasks[1]!.value!.toString())).toMatchObject({
      endpointId: 'ep_1',
      endpointVersion: 1,
      reason: 'receiver_answered_410',
    });
    world.give(task({ deliveryId: 'd2' }));
    await world.settleDown();
    expect(world.happened.slice(7)).toEqual(['parked', 'finished 1']);
  });

  it('dead-letters an exhausted and an expired delivery, and says so as events', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(500)]);
    world.give(task({ attempt: 10 }));
    world.give(task({ deliveryId: 'd2', expiresAt: NOW - 1 }));
    await world.settleDown();
    expect(world.times('dead-letter')).toBe(2);
    expect(world.times('request')).toBe(1);
    const events = world.tasks.filter(({ topic }) => topic === topics.events('operations'));
    expect(events.map(({ headers }) => headers['ce_type']).sort()).toEqual(['delivery.exhausted', 'delivery.expired']);
  });

  it('says nothing of a delivery that carries such an event itself', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(500)]);
    world.give(task({ attempt: 10, eventType: 'delivery.exhausted' }));
    await world.settleDown();
    expect(world.happened).toContain('dead-letter');
    expect(world.happened).not.toContain('events.operations');
  });

  it('leaves what another process owns now, and takes it up again when it comes back', async () => {
    const world = new DispatcherWorld(endpoint());
    const lost = world.give(task({ remainingDelayMs: 1 }));
    lost.current = false;
    await world.pass(5);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.happened).toEqual([]);
    world.dispatcher.accept(world.record(task(), 0n));
    await world.settleDown();
    expect(world.happened).toEqual(['attempt-started', 'request', 'attempt-finished', 'finished 0']);
  });

  it('puts a record that is no task into the quarantine', async () => {
    const world = new DispatcherWorld(endpoint());
    const garbage = world.record(task());
    world.dispatcher.accept({ ...garbage, message: { ...garbage.message, headers: {} } });
    await world.settleDown();
    expect(world.happened).toEqual(['events.rejected', 'finished 0']);
  });

  it('knows a tier for every first delay of the schedule', () => {
    expect(RETRY_TIERS.map((tier) => topics.retry(tier.name))).toContain('t.retry.24h');
  });
});

describe('the place of a delivery among those of its endpoint', () => {
  const chainOf = (world: DispatcherWorld, index: number) => {
    const headers = new Map(world.requests[index]!.headers);
    return [headers.get('millrace-sequence'), headers.get('millrace-previous-id')];
  };

  it('is counted from the first attempts, and each names the event before it', async () => {
    const world = new DispatcherWorld(endpoint(), [], { queuePerEndpoint: 10 });
    several(world, 3);
    await world.settleDown();
    expect([0, 1, 2].map((index) => chainOf(world, index))).toEqual([
      ['1', undefined],
      ['2', 'evt_d1'],
      ['3', 'evt_d2'],
    ]);
  });

  it('stays with the delivery over its retries', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(500)], { queuePerEndpoint: 10 });
    several(world, 2);
    await world.settleDown();
    world.give(world.sent(topics.retry('5s'))[0]! && { ...world.sent(topics.retry('5s'))[0]!, remainingDelayMs: 0 });
    await world.settleDown();
    expect(chainOf(world, 2)).toEqual(['1', undefined]);
  });

  it('goes on without a hole after a crash in the middle of an attempt', async () => {
    const world = new DispatcherWorld(endpoint(), ['hangs'], { queuePerEndpoint: 10 });
    several(world, 2);
    await world.settleDown();
    await world.restart(0);
    world.give(task({ deliveryId: 'd3' }));
    await world.settleDown();
    const numbers = world.requests.map(({ deliveryId }, index) => [deliveryId, chainOf(world, index)[0]]);
    expect(numbers).toEqual([
      ['d1', '1'],
      ['d2', '2'],
      ['d1', '1'],
      ['d3', '3'],
    ]);
  });

  it('is not given to tests and replays', async () => {
    const world = new DispatcherWorld(endpoint(), [], { queuePerEndpoint: 10 });
    world.give(task({ trigger: { kind: 'test', id: 't' } }));
    world.give(task({ deliveryId: 'd2', trigger: { kind: 'recovery', id: 'rec_1' }, replay: 'rec_1' }));
    await world.settleDown();
    expect(chainOf(world, 0)).toEqual([undefined, undefined]);
    expect(chainOf(world, 1)).toEqual([undefined, undefined]);
    expect(new Map(world.requests[1]!.headers).get('millrace-replay')).toBe('rec_1');
  });
});

describe('an endpoint that is down', () => {
  const down = async (): Promise<DispatcherWorld> => {
    const world = new DispatcherWorld(endpoint(), [], { queuePerEndpoint: 100 });
    world.answerTo = () => refusal;
    several(world, 12);
    await world.settleDown();
    return world;
  };

  it('gets nothing more: what comes is parked, and an event says so', async () => {
    const world = await down();
    expect(world.times('request')).toBeLessThan(12);
    expect(world.times('parked')).toBe(12 - world.times('request'));
    expect(world.health.get('ep_1')?.state).toMatchObject({ kind: 'down', reason: 'transport' });
    const [event] = world.tasks.filter(({ topic }) => topic === topics.events('operations'));
    expect(event?.headers).toMatchObject({ ce_type: 'endpoint.down', ce_subject: 'ep_1' });
    const before = world.times('request');
    world.give(task({ deliveryId: 'late' }));
    await world.pass(1_000);
    expect(world.times('request')).toBe(before);
  });

  it('is probed with the oldest, once; when that succeeds, all drains in order', async () => {
    const world = await down();
    const before = world.requests.length;
    await world.pass(30_000);
    expect(world.requests.length).toBe(before + 1);
    await world.pass(31_000);
    expect(world.requests.length).toBe(before + 1);
    world.answerTo = () => undefined;
    await world.pass(60_000);
    const after = world.requests.slice(before + 1).map(({ deliveryId }) => Number(deliveryId.slice(1)));
    expect(after.length).toBeGreaterThan(0);
    expect(after).toEqual([...after].sort((a, b) => a - b));
    expect(world.states.has('parked/0')).toBe(false);
    expect(world.tasks.map(({ headers }) => headers['ce_type'])).toContain('endpoint.recovered');
  });

  it('stays down over a restart', async () => {
    const world = await down();
    const before = world.requests.length;
    await world.restart(world.log.length);
    world.give(task({ deliveryId: 'late' }));
    await world.pass(1_000);
    expect(world.requests.length).toBe(before);
    world.answerTo = () => undefined;
    await world.pass(30_000);
    expect(world.requests.at(-1)!.deliveryId).toBe('late');
  });

  it('is tried at once when its settings change', async () => {
    const world = await down();
    world.answerTo = () => undefined;
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    expect(world.states.has('parked/0')).toBe(false);
  });
});

describe('a receiver that asks for a rest', () => {
  it('gets nothing before it is over', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(429, { 'retry-after': '20' })], { queuePerEndpoint: 10 });
    world.give(task());
    await world.settleDown();
    several(world, 3);
    await world.pass(19_000);
    expect(world.times('request')).toBe(1);
    await world.pass(1_500);
    await world.pass(1_000);
    expect(world.times('request')).toBe(3);
  });
});

describe('a rate limit', () => {
  it('holds', async () => {
    const limited = endpoint({ rateLimit: { perSecond: 1, burst: 2 } });
    const world = new DispatcherWorld(limited, [], { queuePerEndpoint: 100, longestWaitMs: 60_000, perEndpoint: 50 });
    several(world, 10);
    await world.settleDown();
    expect(world.times('request')).toBe(2);
    await world.pass(1_000);
    expect(world.times('request')).toBe(3);
    await world.pass(3_000);
    expect(world.times('request')).toBe(5);
  });
});

describe('how much more is wanted', () => {
  const busy = {
    total: 4,
    perTenant: 100,
    perEndpoint: 100,
    initial: 100,
    queuePerEndpoint: 100,
    longestWaitMs: 60_000,
  };

  it('nothing while every place is taken and twice as many wait, until half of those have found one', async () => {
    const world = new DispatcherWorld(endpoint(), Array(50).fill('hangs'), busy);
    const wanted: boolean[] = [];
    for (let n = 0; n < 12; n++) {
      world.give(task({ deliveryId: `dlv_${n}` }));
      wanted.push(world.dispatcher.wantsMore);
    }
    expect(wanted).toEqual([...Array(11).fill(true), false]);
    await world.settleDown();
    for (let ended = 1; ended <= 4; ended++) {
      expect(world.dispatcher.wantsMore).toBe(false);
      world.hanging.shift()!(answer(200));
      await world.settleDown();
    }
    expect(world.dispatcher.wantsMore).toBe(true);
  });

  it('more while every place is taken by what comes back from parked storage', async () => {
    const down = endpoint({ status: 'paused' });
    const world = new DispatcherWorld(down, Array(50).fill('hangs'), busy);
    several(world, 40);
    await world.settleDown();
    world.change(endpoint({ version: down.version + 1 }));
    await world.pass(1_000);
    expect(world.times('request')).toBe(4);
    expect(world.dispatcher.wantsMore).toBe(true);
  });

  it('more while a place is free, though the lane of what is here has none', async () => {
    const world = new DispatcherWorld(endpoint(), Array(50).fill('hangs'), { ...busy, perEndpoint: 2, initial: 2 });
    several(world, 40);
    await world.settleDown();
    expect(world.times('request')).toBe(2);
    expect(world.dispatcher.wantsMore).toBe(true);
  });
});

describe('secrets that do not open', () => {
  it('hold the deliveries and spend no attempt', async () => {
    const world = new DispatcherWorld(endpoint());
    world.keysOpen = false;
    world.give(task());
    await world.settleDown();
    expect(world.happened).toEqual(['parked', 'finished 0']);
    expect(world.facts[0]).toMatchObject({ reason: 'no_secret', attempt: 1 });
    world.keysOpen = true;
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    expect(world.times('request')).toBe(1);
  });
});

describe('parking', () => {
  it.each([
    ['paused', { status: 'paused' }, 'endpoint_paused'],
    ['disabled', { status: 'disabled' }, 'endpoint_disabled'],
  ] as const)('what waits for a %s endpoint stays where it is, without an attempt', async (_what, more, reason) => {
    const world = new DispatcherWorld(endpoint(more));
    world.give(task());
    await world.settleDown();
    expect(world.happened).toEqual(['parked', 'finished 0']);
    expect(world.facts[0]).toMatchObject({ reason, recordOffset: 0, attempt: 1 });
    expect(world.states.get('parked/0')).toMatchObject({ endpointId: 'ep_1', base: 0 });
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    expect(world.happened.slice(2)).toEqual(['attempt-started', 'request', 'attempt-finished']);
    expect(world.states.size).toBe(0);
  });

  it('has the bit acknowledged before its fact, and the fact before the record is finished', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    expect(world.happened).toEqual([]);
    await world.settleDown();
    expect(world.happened).toEqual(['parked', 'finished 0']);
  });

  it('takes what does not fit into the lane, goes on with the rest, and brings all back in order', async () => {
    const world = new DispatcherWorld(endpoint());
    several(world, 9);
    await world.settleDown();
    expect(world.times('parked')).toBeGreaterThan(0);
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(
      Array.from({ length: 9 }, (_each, index) => `d${index + 1}`),
    );
    expect(world.states.size).toBe(0);
  });

  it('takes the queue of a receiver that hangs, so that its partition goes on', async () => {
    const world = new DispatcherWorld(endpoint(), ['hangs', 'hangs'], { queuePerEndpoint: 100 });
    several(world, 50);
    await world.settleDown();
    await world.pass(3_000);
    expect(world.times('request')).toBe(2);
    expect(world.happened.filter((what) => what.startsWith('finished'))).toHaveLength(47);
  });

  it('lets nothing overtake what is parked', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    await world.settleDown();
    world.change(endpoint({ version: 2 }));
    world.give(task({ deliveryId: 'd2' }));
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd2']);
  });

  it('is not doubled by a copy that a crash of a mover left, though the owner restarts in between', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    await world.settleDown();
    await world.restart(1);
    world.give(task());
    await world.settleDown();
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    expect(world.requests).toHaveLength(1);
    expect(world.times('parked')).toBe(1);
  });

  it('is not sent again when its bit outlived its end', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    await world.settleDown();
    const before = new Map(world.states);
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    for (const [key, state] of before) world.states.set(key, state);
    world.change(endpoint({ status: 'paused', version: 3 }));
    await world.restart(1);
    expect(world.states.size).toBe(0);
  });

  it('survives a restart, and sends each once', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    several(world, 5);
    await world.settleDown();
    await world.restart(0);
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd2', 'd3', 'd4', 'd5']);
    await world.restart(0);
    await world.pass(300);
    expect(world.requests).toHaveLength(5);
  });

  it('ends what belongs to an endpoint that was deleted meanwhile', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    several(world, 3);
    await world.settleDown();
    world.change(undefined);
    await world.pass(300);
    expect(world.times('ended')).toBe(3);
    expect(world.states.size).toBe(0);
  });

  it('ends what expires while its endpoint is away', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task({ expiresAt: NOW + 100_000 }));
    world.give(task({ deliveryId: 'd2', expiresAt: NOW + 900_000 }));
    await world.settleDown();
    await world.pass(99_000);
    expect(world.times('ended')).toBe(0);
    await world.pass(120_000);
    expect(world.facts.filter(({ kind }) => kind === 'ended')).toMatchObject([{ deliveryId: 'd1', status: 'expired' }]);
    await world.pass(900_000);
    expect(world.times('ended')).toBe(2);
    expect(world.states.size).toBe(0);
  });

  it('lets a test through to an endpoint that is paused', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task({ trigger: { kind: 'test', id: 't1' } }));
    await world.settleDown();
    expect(world.times('request')).toBe(1);
  });
});

describe('a partition that is lost and won again by the same process', () => {
  it('is carried on with: what is in flight ends once, what was queued is taken up again', async () => {
    const world = new DispatcherWorld(endpoint(), [], { queuePerEndpoint: 10 });
    several(world, 4);
    await world.regain(0);
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId).sort()).toEqual(['d1', 'd2', 'd3', 'd4']);
    expect(world.happened.filter((what) => what.startsWith('finished')).sort()).toEqual([
      'finished 0',
      'finished 1',
      'finished 2',
      'finished 3',
    ]);
  });

  it('keeps what is parked, once, while a record of it is in flight', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }), ['hangs']);
    several(world, 2);
    await world.settleDown();
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    await world.regain(2);
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd2']);
    expect(world.states.has('parked/0')).toBe(true);
  });

  it('keeps the order of a key that is in flight', async () => {
    const world = new DispatcherWorld(endpoint({ ordering: 'key' }), ['hangs'], { queuePerEndpoint: 10 });
    world.give(task({ deliveryId: 'd1', subject: 'a' }));
    world.give(task({ deliveryId: 'd2', subject: 'a' }));
    await world.settleDown();
    await world.regain(0);
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1']);
  });
});

describe('a parked record', () => {
  it('that the log no longer holds is given up, and no other', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    several(world, 5);
    await world.settleDown();
    world.missing.add(1);
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd3', 'd4', 'd5']);
    expect(world.states.size).toBe(0);
  });

  it('that was carried out before a restart, whose bit stayed, lets those behind it go', async () => {
    const world = new DispatcherWorld(endpoint({ ordering: 'key' }), [answer(500)], { queuePerEndpoint: 10 });
    for (const n of [1, 2, 3]) world.give(task({ deliveryId: `d${n}`, subject: 'a' }));
    await world.settleDown();
    const before = new Map(world.states);
    const [next] = world.sent(topics.retry('5s'));
    world.give({ ...next!, remainingDelayMs: 0 });
    await world.settleDown();
    await world.pass(300);
    expect(world.requests).toHaveLength(4);
    world.states.set('parked/0', before.get('parked/0')!);
    await world.restart(world.log.length);
    world.give(task({ deliveryId: 'd4', subject: 'a' }));
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd1', 'd2', 'd3', 'd4']);
    expect(world.states.size).toBe(0);
  });
});

describe('order by key', () => {
  const ordered = endpoint({ ordering: 'key' });
  const keyed = (n: number, subject: string) => task({ deliveryId: `d${n}`, subject });
  const retried = (world: DispatcherWorld, id: string) => {
    const [next] = world.sent(topics.retry('5s')).filter(({ deliveryId }) => deliveryId === id);
    world.give({ ...next!, remainingDelayMs: 0 });
  };

  it('sends one of a key at a time, and other keys beside it', async () => {
    const world = new DispatcherWorld(ordered, [], { queuePerEndpoint: 10, perEndpoint: 5, initial: 5 });
    world.give(keyed(1, 'a'));
    world.give(keyed(2, 'a'));
    world.give(keyed(3, 'b'));
    expect(world.happened).toEqual(['attempt-started', 'attempt-started']);
    await world.settleDown();
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd3', 'd2']);
  });

  it('a failing one holds back its own key only, until it has succeeded', async () => {
    const world = new DispatcherWorld(ordered, [answer(500)], { queuePerEndpoint: 10 });
    for (const [n, key] of [
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'a'],
    ] as const)
      world.give(keyed(n, key));
    await world.settleDown();
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd3']);
    expect(world.states.get('held/a')).toMatchObject({ deliveryId: 'd1' });
    expect(world.facts.filter(({ kind }) => kind === 'parked')).toMatchObject([
      { deliveryId: 'd2', reason: 'behind_key', behind: 'd1' },
      { deliveryId: 'd4', reason: 'behind_key', behind: 'd1' },
    ]);
    retried(world, 'd1');
    await world.settleDown();
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd3', 'd1', 'd2', 'd4']);
    expect(world.states.size).toBe(0);
  });

  it('tells of what was parked for another reason and comes to wait behind its key', async () => {
    const paused = { ...ordered, status: 'paused' as const };
    const world = new DispatcherWorld(paused, [answer(500)], { queuePerEndpoint: 10 });
    for (const n of [1, 2, 3]) world.give(keyed(n, 'a'));
    await world.settleDown();
    world.change({ ...ordered, version: ordered.version + 1 });
    await world.pass(300);
    await world.settleDown();
    const told = world.facts.flatMap((fact) =>
      fact.kind === 'parked' ? [`${fact.deliveryId} ${fact.reason} ${fact.behind}`] : [],
    );
    expect(told.slice(0, 3)).toEqual([1, 2, 3].map((n) => `d${n} endpoint_paused null`));
    expect(told.slice(3).sort()).toEqual(['d2 behind_key d1', 'd3 behind_key d1']);
    retried(world, 'd1');
    await world.settleDown();
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd1', 'd2', 'd3']);
  });

  it('one that expires while it waits lets those behind it go', async () => {
    const world = new DispatcherWorld(ordered, [answer(500)], { queuePerEndpoint: 10 });
    world.give(keyed(1, 'a'));
    world.give({ ...keyed(2, 'a'), expiresAt: NOW + 1_000 });
    world.give(keyed(3, 'a'));
    await world.settleDown();
    await world.pass(2_000);
    retried(world, 'd1');
    await world.settleDown();
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd1', 'd3']);
    expect(world.states.size).toBe(0);
  });

  it('holds over a restart', async () => {
    const world = new DispatcherWorld(ordered, [answer(500)], { queuePerEndpoint: 10 });
    for (const n of [1, 2, 3]) world.give(keyed(n, 'a'));
    await world.settleDown();
    await world.restart(0);
    await world.pass(300);
    world.give(keyed(4, 'a'));
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1']);
    retried(world, 'd1');
    await world.settleDown();
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd1', 'd2', 'd3', 'd4']);
  });

  it('"strict" holds back the whole endpoint', async () => {
    const world = new DispatcherWorld(endpoint({ ordering: 'strict' }), [answer(500)], { queuePerEndpoint: 10 });
    world.give(keyed(1, 'a'));
    world.give(keyed(2, 'b'));
    await world.settleDown();
    await world.pass(300);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1']);
  });

  it('a head that is skipped lets the next one go, and its retry is dropped', async () => {
    const world = new DispatcherWorld(ordered, [answer(500)], { queuePerEndpoint: 10 });
    world.give(keyed(1, 'a'));
    world.give(keyed(2, 'a'));
    await world.settleDown();
    world.command({ kind: 'skip' });
    await world.settleDown();
    await world.pass(300);
    retried(world, 'd1');
    await world.settleDown();
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd2']);
    expect(world.facts.filter(({ kind }) => kind === 'ended')).toMatchObject([
      { deliveryId: 'd1', status: 'cancelled', reason: 'skipped_by_command', by: 'key_1' },
    ]);
    expect(world.states.has('held/a')).toBe(false);
  });
});

describe('commands', () => {
  const refused = (world: DispatcherWorld) =>
    world.facts.flatMap((fact) => (fact.kind === 'command-refused' ? [fact.reason] : []));

  it('many retries of one state make one chain', async () => {
    const world = new DispatcherWorld(endpoint({ retry: { delaysMs: [], jitter: 0 } }), [answer(500)]);
    world.give(task());
    await world.settleDown();
    for (let n = 0; n < 50; n++) world.command({ kind: 'retry' });
    await world.settleDown();
    expect(world.sent(topics.deliveries)).toMatchObject([{ epoch: 1, attempt: 1, deliveryId: 'd1' }]);
    expect(world.times('reopened')).toBe(1);
    expect(refused(world)).toHaveLength(49);
    expect(new Set(refused(world))).toEqual(new Set(['stale']));
  });

  it('a retry overtakes what waits in a tier', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(500)]);
    world.give(task());
    await world.settleDown();
    world.command({ kind: 'retry' });
    await world.settleDown();
    world.give(world.sent(topics.deliveries)[0]!);
    await world.settleDown();
    const waiting = world.sent(topics.retry('5s'))[0]!;
    await world.restart(world.log.length);
    world.give({ ...waiting, remainingDelayMs: 0 });
    await world.settleDown();
    expect(world.times('request')).toBe(2);
  });

  it('a command that was carried out is not refused when a crash repeats it', async () => {
    const world = new DispatcherWorld(endpoint({ retry: { delaysMs: [], jitter: 0 } }), [answer(500)]);
    world.give(task());
    await world.settleDown();
    world.command({ kind: 'retry' });
    await world.settleDown();
    await world.restart(0);
    expect(refused(world)).toEqual([]);
    expect(world.sent(topics.deliveries)).toHaveLength(1);
  });

  it('a cancelled delivery is not sent: waiting in a tier', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(500)]);
    world.give(task());
    await world.settleDown();
    world.command({ kind: 'cancel' });
    await world.settleDown();
    const waiting = world.sent(topics.retry('5s'))[0]!;
    world.give({ ...waiting, remainingDelayMs: 0 });
    await world.settleDown();
    await world.restart(0);
    world.give({ ...waiting, remainingDelayMs: 0 });
    await world.settleDown();
    expect(world.times('request')).toBe(1);
    expect(world.facts.filter(({ kind }) => kind === 'ended')).toMatchObject([
      { status: 'cancelled', reason: 'cancelled_by_command', by: 'key_1', commandId: 'c1' },
    ]);
  });

  it('a cancelled delivery is not sent: parked', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    await world.settleDown();
    world.command({ kind: 'cancel' });
    await world.settleDown();
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    expect(world.times('request')).toBe(0);
    expect(world.states.has('parked/0')).toBe(false);
    expect(world.times('ended')).toBe(1);
  });

  it('a cancelled delivery is not sent: queued', async () => {
    const world = new DispatcherWorld(endpoint(), ['hangs', 'hangs'], { queuePerEndpoint: 10 });
    several(world, 3);
    world.command({ kind: 'cancel', deliveryId: 'd3', recordOffset: null });
    await world.settleDown();
    expect(world.times('request')).toBe(2);
    expect(world.times('ended')).toBe(1);
    expect(world.happened).toEqual(expect.arrayContaining(['finished 2', 'finished 3']));
  });

  it.each([
    ['fails', answer(500), 'cancelled', []],
    ['succeeds', answer(200), 'succeeded', ['ended']],
  ])('a cancel during an attempt that %s', async (_what, outcome, end, refusals) => {
    const world = new DispatcherWorld(endpoint(), [outcome]);
    world.give(task());
    world.command({ kind: 'cancel' });
    await world.settleDown();
    expect(world.times('retry.5s')).toBe(0);
    const last = world.facts.filter(({ kind }) => kind === 'ended' || kind === 'attempt-finished').at(-1);
    expect(last).toMatchObject(end === 'cancelled' ? { status: 'cancelled' } : { result: { kind: 'succeeded' } });
    expect(refused(world)).toEqual(refusals);
    expect(world.happened).toEqual(expect.arrayContaining(['finished 0', 'finished 1']));
  });

  it.each([
    ['a delivery that has succeeded', { kind: 'cancel' }, 'ended'],
    ['a record that is not there', { kind: 'retry', recordOffset: 0, deliveryId: 'other' }, 'record_gone'],
    ['a record that never came', { kind: 'retry', recordOffset: null }, 'record_gone'],
  ] as const)('refuses %s', async (_what, command, reason) => {
    const world = new DispatcherWorld(endpoint());
    world.give(task());
    await world.settleDown();
    world.command(command);
    await world.settleDown();
    expect(refused(world)).toEqual([reason]);
    expect(world.happened.at(-1)).toBe('finished 1');
  });

  it('takes up an expired delivery only when it is told to, with a new expiry', async () => {
    const world = new DispatcherWorld(endpoint());
    world.give(task({ expiresAt: NOW - 1 }));
    await world.settleDown();
    world.command({ kind: 'retry', force: false });
    await world.settleDown();
    expect(refused(world)).toEqual(['ended']);
    world.command({ kind: 'retry', force: true });
    await world.settleDown();
    expect(world.sent(topics.deliveries)[0]!.expiresAt).toBeGreaterThan(NOW);
  });
});
