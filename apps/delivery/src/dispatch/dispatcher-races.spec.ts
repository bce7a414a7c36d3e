import type { Endpoint } from '@millrace/domain';
import { answer, DispatcherWorld, endpoint, NOW, PARTITION, refusal, task, topics } from './dispatcher.fixture';

const ordered = endpoint({ ordering: 'key' });
const keyed = (n: number, subject: string, more: Partial<ReturnType<typeof task>> = {}) =>
  task({ deliveryId: `d${n}`, subject, ...more });
const sent = (world: DispatcherWorld): string[] => world.requests.map(({ deliveryId }) => deliveryId);
const refusals = (world: DispatcherWorld): string[] =>
  world.facts.flatMap((fact) => (fact.kind === 'command-refused' ? [fact.reason] : []));
const retried = (world: DispatcherWorld, id: string): void => {
  const [next] = world.sent(topics.retry('5s')).filter(({ deliveryId }) => deliveryId === id);
  world.give({ ...next!, remainingDelayMs: 0 });
};
/** A key whose first delivery failed and waits for its retry, with so many of the key behind it. */
const heldBack = async (behind: number, of: Endpoint = ordered): Promise<DispatcherWorld> => {
  const world = new DispatcherWorld(of, [answer(500)], { queuePerEndpoint: 10 });
  for (let n = 1; n <= 1 + behind; n++) world.give(keyed(n, 'a'));
  await world.settleDown();
  return world;
};

describe('a delivery that is parked in the moment in which the last parked one has gone', () => {
  it('is on record as parked', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }), ['hangs']);
    world.give(keyed(1, 'a'));
    await world.settleDown();
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    world.hanging[0]!(answer(200));
    world.change(endpoint({ version: 3, status: 'paused' }));
    await world.until(() => world.happened.includes('attempt-finished'));
    // The acknowledgement of the end clears the bit; what comes in the same turn sets another of the same chunk.
    await world.settleDown(0);
    world.onFact = ({ kind }) => {
      if (kind === 'attempt-finished') queueMicrotask(() => world.give(keyed(2, 'a')));
    };
    await world.settleDown();
    expect(world.facts.at(-1)).toMatchObject({ kind: 'parked', deliveryId: 'd2' });
    expect(world.states.has('parked/0')).toBe(true);
  });
});

describe('a cancelled delivery is not sent', () => {
  it('when it was held here for the last moment before it is due', async () => {
    const world = new DispatcherWorld(endpoint());
    world.give(task({ remainingDelayMs: 40 }));
    world.command({ kind: 'cancel' });
    await world.settleDown();
    expect(world.times('ended')).toBe(1);
    await world.pass(100);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await world.settleDown();
    expect(world.times('request')).toBe(0);
  });

  it('when its endpoint was being looked for', async () => {
    const world = new DispatcherWorld(undefined);
    world.give(task());
    world.command({ kind: 'cancel' });
    world.change(endpoint());
    await world.settleDown();
    expect(world.times('request')).toBe(0);
    expect(world.times('ended')).toBe(1);
  });

  it('when the command came between its failure and the record of that', async () => {
    const world = new DispatcherWorld(endpoint(), ['hangs']);
    world.give(task());
    await world.settleDown();
    world.hanging[0]!(answer(500));
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.times('attempt-finished')).toBe(1);
    world.command({ kind: 'cancel' });
    await world.until(() => world.facts.some(({ kind }) => kind === 'ended'));
    await world.settleDown();
    expect(world.facts.at(-1)).toMatchObject({ kind: 'ended', status: 'cancelled' });
    retried(world, 'd1');
    await world.settleDown();
    expect(world.times('request')).toBe(1);
  });

  it('twice: the second command gets its answer', async () => {
    const world = new DispatcherWorld(endpoint(), ['hangs']);
    world.give(task());
    await world.settleDown();
    world.command({ kind: 'cancel' });
    world.command({ kind: 'cancel' });
    world.hanging[0]!(answer(500));
    await world.until(() => refusals(world).length > 0);
    await world.settleDown();
    expect(world.times('ended')).toBe(1);
    expect(refusals(world)).toEqual(['ended']);
  });

  it('and a command of a partition that was lost is left to the next owner', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    // It is being parked, so the command waits.
    world.command({ kind: 'cancel' });
    world.loseAll();
    await world.settleDown();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await world.settleDown();
    expect(world.times('parked')).toBe(1);
    expect(world.times('ended')).toBe(0);
  });
});

describe('a record of a tier that comes while a retry of its delivery is being considered', () => {
  it('is carried out when the retry is refused', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(500)]);
    world.give(task());
    await world.settleDown();
    world.missing.add(0);
    world.command({ kind: 'retry' });
    retried(world, 'd1');
    await world.until(() => world.times('request') === 2);
    await world.settleDown();
    expect(refusals(world)).toEqual(['record_gone']);
    expect(world.times('request')).toBe(2);
  });
});

describe('a held key', () => {
  it('is free after a crash between the end of its head and the word that it is free', async () => {
    const world = await heldBack(1);
    retried(world, 'd1');
    await world.until(() =>
      world.facts.some((fact) => fact.kind === 'attempt-finished' && fact.result.kind === 'succeeded'),
    );
    expect(world.states.has('held/a')).toBe(true);
    await world.restart(1);
    await world.pass(300);
    expect(sent(world)).toEqual(['d1', 'd1', 'd2']);
    expect(world.states.size).toBe(0);
  });

  it('stays held over a restart when its delivery had ended once before it was retried by hand', async () => {
    const world = await heldBack(0);
    world.command({ kind: 'cancel' });
    await world.settleDown();
    world.outcomes.push(answer(500));
    world.command({ kind: 'retry', expectedEpoch: 0 });
    await world.settleDown();
    world.give(world.sent(topics.deliveries)[0]!);
    await world.settleDown();
    expect(world.states.get('held/a')).toMatchObject({ deliveryId: 'd1' });
    await world.restart(world.log.length);
    world.give(keyed(2, 'a'));
    await world.settleDown();
    expect(sent(world)).toEqual(['d1', 'd1']);
  });

  it('keeps nothing of itself when order is no longer kept, and does not come back with it', async () => {
    const world = await heldBack(1);
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    retried(world, 'd1');
    await world.settleDown();
    expect(sent(world)).toEqual(['d1', 'd2', 'd1']);
    expect(world.states.size).toBe(0);
  });

  it.each([
    ['key', 'strict'],
    ['strict', 'key'],
  ] as const)('lets go what waits behind it when "%s" becomes "%s"', async (from, to) => {
    const world = await heldBack(2, endpoint({ ordering: from }));
    world.change(endpoint({ version: 2, ordering: to }));
    await world.pass(300);
    retried(world, 'd1');
    await world.settleDown();
    await world.pass(300);
    expect(new Set(sent(world))).toEqual(new Set(['d1', 'd2', 'd3']));
    expect(world.states.size).toBe(0);
  });

  it('is free when the order is changed while its delivery is with the receiver', async () => {
    const world = new DispatcherWorld(ordered, ['hangs'], { queuePerEndpoint: 10 });
    world.give(keyed(1, 'a'));
    await world.settleDown();
    world.change(endpoint({ version: 2, ordering: 'strict' }));
    world.hanging[0]!(answer(500));
    await world.settleDown();
    world.give(keyed(2, 'b'));
    await world.settleDown();
    expect(sent(world)).toEqual(['d1']);
    retried(world, 'd1');
    await world.settleDown();
    expect(sent(world)).toEqual(['d1', 'd1', 'd2']);
    expect(world.states.size).toBe(0);
  });

  it('leaves nothing when its endpoint is deleted', async () => {
    const world = await heldBack(1);
    world.change(undefined);
    await world.pass(1_100);
    retried(world, 'd1');
    await world.settleDown();
    await world.pass(1_100);
    expect(world.states.size).toBe(0);
    expect(world.health.size).toBe(0);
  });

  it('leaves nothing when its endpoint is deleted and nothing of it is parked', async () => {
    const world = await heldBack(0);
    world.change(undefined);
    await world.pass(1_100);
    retried(world, 'd1');
    await world.settleDown();
    await world.pass(1_100);
    expect(world.states.size).toBe(0);
  });

  it('whose head is parked, far behind what waits for it, is not stuck', async () => {
    const world = await heldBack(0);
    world.mostWaiting = 2;
    await world.restart(1);
    for (let n = 2; n <= 5; n++) world.give(keyed(n, 'a'));
    await world.settleDown();
    world.change(endpoint({ ordering: 'key', version: 2, status: 'paused' }));
    retried(world, 'd1');
    await world.settleDown();
    world.change(endpoint({ ordering: 'key', version: 3 }));
    await world.pass(300);
    await world.pass(300);
    expect(sent(world)).toEqual(['d1', 'd1', 'd2', 'd3', 'd4', 'd5']);
  });

  it('whose head is parked, far behind what waits for it, is not stuck after a restart', async () => {
    const world = await heldBack(4);
    world.change(endpoint({ ordering: 'key', version: 2, status: 'paused' }));
    retried(world, 'd1');
    await world.settleDown();
    world.mostWaiting = 2;
    await world.restart(world.log.length);
    world.change(endpoint({ ordering: 'key', version: 3 }));
    await world.pass(300);
    await world.pass(300);
    expect(sent(world)).toEqual(['d1', 'd1', 'd2', 'd3', 'd4', 'd5']);
  });

  it('whose next one was given back is not stuck behind too many that wait for it', async () => {
    const world = new DispatcherWorld(ordered, [], { queuePerEndpoint: 10, perEndpoint: 1, initial: 1 });
    world.mostWaiting = 2;
    await world.restart(0);
    world.outcomes.push('hangs');
    world.give(keyed(1, 'b'));
    for (let n = 2; n <= 6; n++) world.give(keyed(n, 'a'));
    await world.settleDown();
    world.change(endpoint({ ordering: 'key', version: 2, status: 'paused' }));
    world.hanging[0]!(answer(200));
    await world.settleDown();
    world.change(endpoint({ ordering: 'key', version: 3 }));
    await world.pass(300);
    await world.pass(300);
    expect(sent(world)).toEqual(['d1', 'd2', 'd3', 'd4', 'd5', 'd6']);
  });

  it('whose next one expired in the lane lets those behind it go', async () => {
    const world = new DispatcherWorld(ordered, ['hangs'], { queuePerEndpoint: 10, perEndpoint: 1, initial: 1 });
    world.give(keyed(1, 'b'));
    world.give(keyed(2, 'a', { expiresAt: NOW + 1_000 }));
    world.give(keyed(3, 'a'));
    await world.settleDown();
    await world.pass(1_500);
    world.hanging[0]!(answer(200));
    await world.settleDown();
    await world.pass(300);
    expect(sent(world)).toEqual(['d1', 'd3']);
  });

  it('whose next one was given back and is cancelled lets those behind it go', async () => {
    const world = new DispatcherWorld(ordered, ['hangs'], { queuePerEndpoint: 10, perEndpoint: 1, initial: 1 });
    world.give(keyed(1, 'b'));
    world.give(keyed(2, 'a'));
    world.give(keyed(3, 'a'));
    await world.settleDown();
    world.change(endpoint({ ordering: 'key', version: 2, status: 'paused' }));
    world.hanging[0]!(answer(200));
    await world.settleDown();
    world.command({ kind: 'cancel', deliveryId: 'd2', recordOffset: 1 });
    await world.settleDown();
    world.change(endpoint({ ordering: 'key', version: 3 }));
    await world.pass(300);
    expect(sent(world)).toEqual(['d1', 'd3']);
  });
});

describe('what waits behind a key', () => {
  it('expires while its endpoint is away', async () => {
    const world = new DispatcherWorld(ordered, [answer(500)], { queuePerEndpoint: 10 });
    world.give(keyed(1, 'a'));
    world.give(keyed(2, 'a', { expiresAt: NOW + 10_000 }));
    await world.settleDown();
    await world.pass(61_000);
    expect(world.facts.at(-1)).toMatchObject({ kind: 'ended', status: 'expired', deliveryId: 'd2' });
    expect(world.states.has('parked/0')).toBe(false);
  });
});

describe('a partition that is taken over', () => {
  it('releases nothing before its log has told what became of it', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    await world.settleDown();
    const before = new Map(world.states);
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    for (const [key, state] of before) world.states.set(key, state);
    await world.restart(1, async () => {
      await world.pass(300);
      await world.pass(61_000);
    });
    await world.pass(300);
    expect(world.times('request')).toBe(1);
    expect(world.states.size).toBe(0);
  });

  it('takes back what a former owner writes of an endpoint that is not known here', async () => {
    const former = new DispatcherWorld(endpoint({ status: 'paused' }));
    former.give(task());
    await former.settleDown();
    const world = new DispatcherWorld(endpoint());
    for (const [key, state] of former.states) world.states.set(key, state);
    world.dispatcher.endpoints.heal(PARTITION, 'parked/ep_1/0');
    await world.settleDown();
    expect(world.states.size).toBe(0);
  });

  it('takes up a record whose parking came to nothing', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    await world.settleDown();
    // A former owner wrote the fact, and its successor's chunk replaced the bit.
    world.states.clear();
    world.change(endpoint({ version: 2 }));
    await world.restart(0);
    expect(world.times('request')).toBe(1);
  });

  it('forgets what it was parking when it lost it', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    world.loseAll();
    await world.settleDown();
    world.states.clear();
    world.facts.length = 0;
    world.change(endpoint({ version: 2 }));
    await world.regain(0);
    expect(world.times('request')).toBe(1);
  });

  it('keeps what was being parked when it was lost and won again', async () => {
    const world = new DispatcherWorld(endpoint({ status: 'paused' }));
    world.give(task());
    await world.regain(0, 0);
    await world.settleDown();
    world.give(task({ deliveryId: 'd2' }));
    await world.settleDown();
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    expect(sent(world)).toEqual(['d1', 'd2']);
    expect(world.states.size).toBe(0);
  });

  it('frees the key of what was being ended when it was lost and won again', async () => {
    const world = new DispatcherWorld(ordered, ['hangs'], { queuePerEndpoint: 10, perEndpoint: 1, initial: 1 });
    world.give(keyed(1, 'b'));
    world.give(keyed(2, 'a'));
    await world.settleDown();
    world.command({ kind: 'cancel', deliveryId: 'd2', recordOffset: null });
    await world.regain(0, 0);
    world.give(keyed(3, 'a'));
    world.hanging[0]!(answer(200));
    await world.settleDown();
    await world.pass(300);
    expect(sent(world)).toEqual(['d1', 'd3']);
  });

  it('has no rate limit left that was lifted at another owner', async () => {
    const world = new DispatcherWorld(endpoint({ rateLimit: { perSecond: 0.001, burst: 1 } }), [], {
      queuePerEndpoint: 10,
      longestWaitMs: 1e12,
    });
    world.give(task());
    await world.settleDown();
    world.change(endpoint({ version: 2 }));
    await world.regain(1);
    for (let n = 2; n <= 4; n++) world.give(task({ deliveryId: `d${n}` }));
    await world.settleDown();
    expect(sent(world)).toEqual(['d1', 'd2', 'd3', 'd4']);
  });

  it('does not count a number as given before that is on record', async () => {
    const world = new DispatcherWorld(endpoint());
    world.give(task());
    await world.settleDown();
    await world.pass(1_100);
    // The health is written down and acknowledged, the start of the attempt is not.
    world.holdFacts = true;
    world.give(task({ deliveryId: 'd2' }));
    await world.pass(1_100);
    await world.restart(1);
    expect(world.facts.filter(({ kind }) => kind === 'attempt-started')).toMatchObject([
      { chain: { sequence: 1 } },
      { chain: { sequence: 2 } },
    ]);
  });
});

describe('a rate limit', () => {
  it('is not there anew with every change of the endpoint', async () => {
    const rateLimit = { perSecond: 0.1, burst: 1 };
    const world = new DispatcherWorld(endpoint({ rateLimit }), [], { queuePerEndpoint: 10, longestWaitMs: 20_000 });
    for (let n = 1; n <= 3; n++) {
      world.change(endpoint({ rateLimit, version: n }));
      world.give(task({ deliveryId: `d${n}` }));
      await world.settleDown();
    }
    expect(sent(world)).toEqual(['d1']);
    await world.pass(10_001);
    expect(sent(world)).toEqual(['d1', 'd2']);
  });
});

describe('a rest that a receiver asked for', () => {
  it('ends when its endpoint is changed', async () => {
    const world = new DispatcherWorld(endpoint(), [answer(429, { 'retry-after': '86400' })], { queuePerEndpoint: 10 });
    world.give(task());
    await world.settleDown();
    world.give(task({ deliveryId: 'd2' }));
    await world.settleDown();
    expect(sent(world)).toEqual(['d1']);
    world.change(endpoint({ version: 2 }));
    await world.pass(300);
    expect(sent(world)).toEqual(['d1', 'd2']);
  });
});

describe('a probe', () => {
  it.each([
    [
      'is cancelled',
      (world: DispatcherWorld) => world.command({ kind: 'cancel', deliveryId: 'd9', recordOffset: null }),
    ],
    ['is lost with its partition', (world: DispatcherWorld) => void world.regain(world.log.length)],
    ['finds the endpoint paused', (world: DispatcherWorld) => world.change(endpoint({ status: 'paused' }))],
  ])('that %s is followed by another', async (_what, meets) => {
    const world = new DispatcherWorld(endpoint(), [], { queuePerEndpoint: 20, perEndpoint: 20, initial: 20 });
    world.answerTo = () => refusal;
    for (let n = 0; n < 10; n++) world.give(task({ deliveryId: `x${n}` }));
    await world.settleDown();
    for (let n = 1; n <= 3; n++) world.give(task({ deliveryId: `p${n}` }));
    await world.settleDown();
    const before = world.times('request');
    world.answerTo = () => undefined;
    meets(world);
    await world.pass(31_000);
    world.change(endpoint({ version: 1 }));
    await world.pass(300);
    await world.pass(31_000);
    expect(world.times('request')).toBe(before + 3);
  });
});
