import { DEFAULT_OPTIONS, type DeliveryTask, type Endpoint, runReceiverId } from '@millrace/domain';
import { answer, DispatcherWorld, endpoint, NOW, PARTITION, refusal, task, topics } from './dispatcher.fixture';

const MINUTE = 60_000;

const under = (contract: string, more: Partial<Endpoint> = {}): DispatcherWorld =>
  new DispatcherWorld(endpoint({ contract, ...more }), [], {
    queuePerEndpoint: 100,
    perEndpoint: 1,
    initial: 1,
    longestWaitMs: 10 * MINUTE,
  });
const taskUnder = (contract: string, more: Partial<DeliveryTask> = {}): DeliveryTask =>
  task({ contract: { name: contract, version: 1 }, ...more });

describe('under eclipse', () => {
  it('one request that nothing answers puts the endpoint down; every 10 minutes the oldest tries; then all drains', async () => {
    const world = under('eclipse');
    world.answerTo = () => refusal;
    world.give(taskUnder('eclipse'));
    await world.settleDown();
    expect(world.health.get('ep_1')?.state).toMatchObject({ kind: 'down', reason: 'transport' });
    for (const deliveryId of ['d2', 'd3', 'd4']) world.give(taskUnder('eclipse', { deliveryId }));
    await world.settleDown();
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1']);
    expect(world.times('parked')).toBe(3);
    await world.pass(9.9 * MINUTE);
    expect(world.requests).toHaveLength(1);
    await world.pass(0.1 * MINUTE);
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd2']);
    // The interval does not grow.
    await world.pass(10 * MINUTE);
    await world.pass(9.9 * MINUTE);
    expect(world.requests).toHaveLength(3);
    world.answerTo = () => answer(200);
    await world.pass(0.1 * MINUTE);
    for (let round = 0; round < 5; round++) await world.pass(1_000);
    expect(new Set(world.requests.slice(3).map(({ deliveryId }) => deliveryId)).size).toBe(world.requests.length - 3);
    expect(world.states.has('parked/0')).toBe(false);
    expect(world.health.get('ep_1')?.state).toMatchObject({ kind: 'up' });
  });

  it.each([400, 404, 410, 429, 500, 503])(
    'an answer %i is tried again after 10 minutes, and the endpoint stays up',
    async (status) => {
      const world = under('eclipse');
      world.answerTo = () => answer(status, { 'retry-after': '7200' });
      for (let n = 1; n <= 12; n++) world.give(taskUnder('eclipse', { deliveryId: `d${n}` }));
      for (let round = 0; round < 3; round++) await world.settleDown();
      expect(world.requests).toHaveLength(12);
      expect(world.sent(topics.retry('10m'))).toHaveLength(12);
      expect(world.sent(topics.retry('10m'))[0]).toMatchObject({ attempt: 2, remainingDelayMs: 10 * MINUTE });
      expect(world.health.get('ep_1')?.state ?? { kind: 'up' }).toMatchObject({ kind: 'up' });
    },
  );

  it('is tried without end until its bundle is too old', async () => {
    const world = under('eclipse');
    world.answerTo = () => answer(500);
    world.give(taskUnder('eclipse', { attempt: 4_000, expiresAt: NOW + 10 * MINUTE }));
    world.give(taskUnder('eclipse', { deliveryId: 'd2', attempt: 4_000, expiresAt: NOW + 10 * MINUTE - 1 }));
    world.give(taskUnder('eclipse', { deliveryId: 'd3', expiresAt: NOW - 1 }));
    await world.settleDown();
    await world.settleDown();
    expect(world.requests.map(({ deliveryId }) => deliveryId).sort()).toEqual(['d1', 'd2']);
    expect(world.sent(topics.retry('10m')).map(({ deliveryId }) => deliveryId)).toEqual(['d1']);
    const expired = world.facts.filter(
      (fact) =>
        (fact.kind === 'attempt-finished' && fact.result.kind === 'expired') ||
        (fact.kind === 'ended' && fact.status === 'expired'),
    );
    expect(expired.map(({ deliveryId }) => deliveryId).sort()).toEqual(['d2', 'd3']);
  });
});

describe('under nentropy', () => {
  /** The last attempts of so many deliveries. */
  const last = (world: DispatcherWorld, from: number, to: number): void => {
    for (let n = from; n <= to; n++) world.give(taskUnder('nentropy', { deliveryId: `d${n}`, attempt: 4 }));
  };

  it.each([
    ['refused connections', refusal],
    ['answers 500', answer(500)],
    ['answers 429', answer(429, { 'retry-after': '3600' })],
  ])(
    'ten deliveries in a row that end without success disable the endpoint, by %s; what is pending parks',
    async (_, outcome) => {
      const world = under('nentropy');
      world.answerTo = () => outcome;
      last(world, 1, 12);
      for (let round = 0; round < 5; round++) await world.pass(1_000);
      expect(world.requests).toHaveLength(10);
      expect(world.times('parked')).toBe(2);
      const [disabled] = world.tasks.filter(({ topic }) => topic === topics.endpointLifecycle);
      expect(JSON.parse(disabled!.value!.toString())).toMatchObject({
        reason: 'too_many_failures',
        endpointId: 'ep_1',
      });
      expect(world.health.get('ep_1')?.state).toMatchObject({ kind: 'up' });
    },
  );

  it('a success between them begins the count anew', async () => {
    const world = under('nentropy');
    world.answerTo = (id) => (id === 'd10' ? answer(204) : answer(500));
    last(world, 1, 19);
    for (let round = 0; round < 5; round++) await world.pass(1_000);
    expect(world.requests).toHaveLength(19);
    expect(world.times('endpoint-lifecycle')).toBe(0);
  });

  it.each([
    ['deliveries', 0],
    ['attempts', 1],
  ] as const)(
    'attempts of deliveries that go on count only when the endpoint says so: %s',
    async (disableCounts, times) => {
      const world = under('nentropy', { options: { ...DEFAULT_OPTIONS, disableCounts } });
      world.answerTo = () => answer(500);
      for (let n = 1; n <= 10; n++) world.give(taskUnder('nentropy', { deliveryId: `d${n}` }));
      for (let round = 0; round < 5; round++) await world.pass(1_000);
      expect(world.requests).toHaveLength(10);
      expect(world.times('endpoint-lifecycle')).toBe(times);
    },
  );

  it('is never down, so the schedule is the contract’s own', async () => {
    const world = under('nentropy');
    world.answerTo = () => refusal;
    for (let n = 1; n <= 30; n++) world.give(taskUnder('nentropy', { deliveryId: `d${n}` }));
    for (let round = 0; round < 5; round++) await world.pass(1_000);
    expect(world.requests).toHaveLength(30);
    expect(world.sent(topics.retry('1s'))).toHaveLength(30);
  });
});

describe('under mes', () => {
  it.each([201, 204, 299])('an answer %i is tried again, and the log says why', async (status) => {
    const world = under('mes');
    world.answerTo = () => answer(status);
    world.give(taskUnder('mes'));
    await world.settleDown();
    expect(world.sent(topics.retry('5s'))[0]).toMatchObject({ attempt: 2, remainingDelayMs: 5_000 });
    expect(world.facts[1]).toMatchObject({
      outcome: `http_${status}`,
      error: `Answered ${status}; under the contract mes only 200 acknowledges.`,
    });
  });

  it('ends as exhausted after twelve requests', async () => {
    const world = under('mes');
    world.answerTo = () => answer(500);
    world.give(taskUnder('mes', { deliveryId: 'd1', attempt: 11 }));
    world.give(taskUnder('mes', { deliveryId: 'd2', attempt: 12 }));
    await world.settleDown();
    await world.settleDown();
    expect(world.sent(topics.retry('24h')).map(({ deliveryId }) => deliveryId)).toEqual(['d1']);
    expect(world.sent(topics.deadLetter).map(({ deliveryId }) => deliveryId)).toEqual(['d2']);
  });
});

describe('under proign', () => {
  it.each([429, 503])('an answer %i with Retry-After leaves the schedule and the lane as they are', async (status) => {
    const world = under('proign');
    world.answerTo = () => answer(status, { 'retry-after': '3600' });
    world.give(taskUnder('proign'));
    world.give(taskUnder('proign', { deliveryId: 'd2' }));
    await world.settleDown();
    await world.settleDown();
    expect(world.requests).toHaveLength(2);
    expect(world.sent(topics.retry('1m'))[0]).toMatchObject({ attempt: 2, remainingDelayMs: MINUTE });
  });

  it('has another delivery id on every request', async () => {
    const world = under('proign');
    world.give(taskUnder('proign'));
    world.give(taskUnder('proign', { deliveryId: 'd2', attempt: 2 }));
    await world.settleDown();
    await world.settleDown();
    const ids = world.requests.map(({ headers }) => new Map(headers).get('X-Proign-Delivery-ID'));
    expect(new Set(ids).size).toBe(2);
  });
});

describe('under eclips', () => {
  it('a failure is the end, with its status on record', async () => {
    const world = under('eclips');
    world.answerTo = () => answer(503);
    world.give(taskUnder('eclips'));
    await world.settleDown();
    expect(world.sent(topics.deadLetter)).toHaveLength(1);
    expect(world.facts[1]).toMatchObject({ outcome: 'http_503', result: { kind: 'failed', reason: 'exhausted' } });
  });
});

describe('a receiver of run URLs', () => {
  const ID = runReceiverId('ep_runs', 'https://agents.example');
  const standing = (): DispatcherWorld => under('eclips', { id: ID, runUrls: true, url: 'https://agents.example' });
  const run = (deliveryId: string): DeliveryTask =>
    taskUnder('eclips', { deliveryId, endpointId: ID, destination: `https://agents.example/${deliveryId}` });

  it('gets what its event asked for, at the URL that it brought, without a number', async () => {
    const world = standing();
    world.give(run('d1'));
    await world.settleDown();
    expect(world.facts[0]).toMatchObject({ kind: 'attempt-started', url: 'https://agents.example/d1', chain: null });
    expect(world.facts[1]).toMatchObject({ request: { url: 'https://agents.example/d1' }, outcome: 'success' });
  });

  it('is forgotten when it has had nothing to do for ten minutes', async () => {
    const world = standing();
    world.answerTo = () => answer(500);
    world.give(run('d1'));
    await world.settleDown();
    const isKnown = () => world.dispatcher.endpoints.partition(PARTITION)!.endpoints.has(ID);
    await world.pass(9 * MINUTE);
    expect(isKnown()).toBe(true);
    await world.pass(2 * MINUTE);
    expect(isKnown()).toBe(false);
    world.give(run('d2'));
    await world.settleDown();
    expect(world.requests.map(({ deliveryId }) => deliveryId)).toEqual(['d1', 'd2']);
  });

  it('is kept while it is down or something waits for it, over a restart too', async () => {
    const world = standing();
    world.answerTo = () => refusal;
    for (let n = 1; n <= 12; n++) world.give(run(`d${n}`));
    for (let round = 0; round < 5; round++) await world.pass(1_000);
    const before = world.requests.length;
    expect(world.health.get(ID)?.state).toMatchObject({ kind: 'down' });
    await world.restart(world.log.length);
    world.answerTo = () => answer(200);
    for (let round = 0; round < 20; round++) await world.pass(5 * MINUTE);
    expect(new Set(world.requests.slice(before).map(({ deliveryId }) => deliveryId)).size).toBe(12 - before);
    expect(world.health.get(ID)).toBeUndefined();
  });
});
