import { deliveryId, eventKey } from '@millrace/domain';
import { encodeEventRule, type RecoveryOrder, type RecoveryProgress, type RecoveryState } from '@millrace/protocol';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { created, ended, finished, idOf, NOW, started } from './facts.fixture';
import { endpointOf, orderOf, progressOf } from './orders.fixture';
import { RecoverySite } from './recovery-site.fixture';

jest.setTimeout(60_000);

let site: RecoverySite;
let names = 0;

/** An endpoint and an order of its own for each test: the topics are shared. */
const fresh = (only: RecoveryOrder['only'], more: Partial<RecoveryOrder> = {}) => {
  const n = ++names;
  const endpointId = `ep_${n}`;
  const type = `machine.type_${n}`;
  site.add(endpointOf(endpointId, { eventTypes: [type] }));
  return { type, endpointId, order: orderOf(`rec_${n}`, { endpointId, only, ...more }) };
};

const settled = (recoveryId: string, state: RecoveryState, version = 1): Promise<RecoveryProgress> =>
  eventually(() => site.reached(recoveryId, state, version), `the recovery ${recoveryId} to be ${state}`, 30_000);

const sorted = (texts: readonly string[]): string[] => [...texts].sort();
const eventIdsOf = async (endpointId: string): Promise<string[]> =>
  (await site.deliveries(endpointId)).map(({ task }) => task.eventId);

beforeEach(async () => {
  const environment = await testEnvironment();
  site = await RecoverySite.open(environment.brokers, environment.freshPrefix());
}, 120_000);

afterEach(() => site.close());

describe('a recovery of what is missing', () => {
  it('makes the deliveries that fan-out did not make, under the ids that it would have given, with their facts', async () => {
    const { type, endpointId, order } = fresh('missing');
    const ids = await site.publish(type, 300);
    await site.publish('machine.other', 200);
    const times = new Map<string, string>();
    // Fan-out made the first hundred.
    const probe = await site.owner();
    await site.order(orderOf('probe', { endpointId, only: 'missing' }));
    await settled('probe', 'done');
    for (const { task } of await site.deliveries(endpointId)) times.set(task.eventId, task.eventTime);
    expect(times.size).toBe(300);
    await probe.runner.stop(1_000);

    const other = endpointOf('ep_half', { eventTypes: [type] });
    site.add(other);
    const theirs = (id: string): string =>
      deliveryId(eventKey('default', '/plant', id), Date.parse(times.get(id)!), 'ep_half', { kind: 'event' });
    const done = ids.slice(0, 100);
    await site.note(
      'ep_half',
      done.map((id) => created(id, { endpointId: 'ep_half', deliveryId: theirs(id) })),
    );
    await site.owner();
    await site.order({ ...order, endpointId: 'ep_half' });
    const last = await settled(order.recoveryId, 'done');
    expect(last.counts).toEqual({ examined: 500, qualified: 200, sent: 200 });
    const records = await site.deliveries('ep_half');
    expect(sorted(records.map(({ task }) => task.eventId))).toEqual(sorted(ids.slice(100)));
    for (const { task } of records)
      expect(task).toMatchObject({
        deliveryId: theirs(task.eventId),
        trigger: { kind: 'event' },
        replay: order.recoveryId,
        epoch: 0,
        attempt: 1,
      });
    const facts = (await site.facts('ep_half')).filter(({ at }) => at !== NOW);
    expect(sorted(facts.map((fact) => fact.deliveryId))).toEqual(sorted(records.map(({ task }) => task.deliveryId)));
    expect(new Set(facts.map(({ kind }) => kind))).toEqual(new Set(['created']));
  });

  it('keeps to the span, to the types asked for, and delivers an event once that was published twice', async () => {
    const { type, endpointId, order } = fresh('missing');
    site.add(endpointOf(endpointId, { eventTypes: ['*'], version: 2 }));
    await site.publish(type, 5, 'early');
    const since = Date.now() + 2;
    await eventually(() => Date.now() > since + 2, 'a later time');
    const ids = await site.publish(type, 5, 'within');
    await site.publish(type, 5, 'within');
    await site.publish('machine.unasked', 5);
    const until = Date.now() + 2;
    await eventually(() => Date.now() > until + 2, 'a later time');
    await site.publish(type, 5, 'late');
    await site.owner();
    await site.order({ ...order, since, until, eventTypes: [type] });
    const last = await settled(order.recoveryId, 'done');
    expect(last.counts).toEqual({ examined: 15, qualified: 5, sent: 5 });
    expect(sorted(await eventIdsOf(endpointId))).toEqual(sorted(ids));
  });

  it('leaves out what fan-out would reject now', async () => {
    const { type, endpointId, order } = fresh('missing');
    await site.publish(type, 3, 'unfit', { data: '{"level":"high"}' });
    const ids = await site.publish(type, 3, 'fit');
    const schema = { properties: { level: { type: 'integer' } } };
    const { key, value } = encodeEventRule(
      '',
      { tenant: 'default', type },
      { validation: 'reject', version: 1, schema },
    );
    site.rules.apply({ key: Buffer.from(key!), value });
    await site.owner();
    await site.order(order);
    const last = await settled(order.recoveryId, 'done');
    expect(last.counts).toEqual({ examined: 6, qualified: 3, sent: 3 });
    expect(sorted(await eventIdsOf(endpointId))).toEqual(sorted(ids));
  });

  it('fails with a sentence when there is more than it can tell apart', async () => {
    const { type, order } = fresh('missing');
    await site.publish(type, 50);
    await site.owner({ deliveriesPerJob: 20 });
    await site.order(order);
    const last = await settled(order.recoveryId, 'failed');
    expect(last.error).toMatch(/more than 20 deliveries .* ask for a narrower span/);
  });
});

describe('a recovery of all', () => {
  it('makes deliveries of its own, in the order of acceptance of each partition', async () => {
    const { type, endpointId, order } = fresh('all');
    const ids = await site.publish(type, 1_200);
    await site.note(endpointId, [created(1, { endpointId })]);
    await site.owner();
    await site.order(order);
    const last = await settled(order.recoveryId, 'done');
    expect(last).toMatchObject({ counts: { examined: 1_200, qualified: 1_200, sent: 1_200 }, cursor: null });
    const records = await site.deliveries(endpointId);
    expect(sorted(records.map(({ task }) => task.eventId))).toEqual(sorted(ids));
    const trigger = { kind: 'recovery', id: order.recoveryId };
    for (const { task } of records) expect(task).toMatchObject({ trigger, replay: order.recoveryId });
    const numbers = new Map<number, number[]>();
    for (const { task } of records) {
      const partition = site.partitionOf(task.subject!);
      numbers.set(partition, [...(numbers.get(partition) ?? []), Number(task.eventId.split('-')[1])]);
    }
    expect(numbers.size).toBe(3);
    for (const each of numbers.values()) expect(each).toEqual([...each].sort((a, b) => a - b));
  });

  it('counts and sends nothing in a dry run, also while another one of the endpoint sends', async () => {
    const { type, endpointId, order } = fresh('all', { perSecond: 1 });
    await site.publish(type, 100);
    const owner = await site.owner();
    await site.order(order);
    await settled(order.recoveryId, 'running');
    const dry = orderOf('dry', { endpointId, only: 'all', dryRun: true, createdAt: 2_000 });
    await site.order(dry);
    expect((await settled('dry', 'done')).counts).toEqual({ examined: 100, qualified: 100, sent: 0 });
    expect((await site.progress('dry')).map(({ state }) => state)).toEqual(['counting', 'done']);
    for (const { task } of await site.deliveries(endpointId)) expect(task.replay).toBe(order.recoveryId);
    await owner.runner.stop(1_000);
  });

  it('keeps to its rate', async () => {
    const { type, endpointId, order } = fresh('all', { perSecond: 40 });
    await site.publish(type, 60);
    await site.owner();
    await site.order(order);
    await settled(order.recoveryId, 'done');
    const records = await site.progress(order.recoveryId);
    const began = records.find(({ state }) => state === 'running')!.at;
    // The first step of ten goes at once, the five after it take a quarter of a second each.
    expect(records.at(-1)!.at - began).toBeGreaterThanOrEqual(1_250 - 5);
    expect(await eventIdsOf(endpointId)).toHaveLength(60);
  });

  it('waits while too much of its endpoint is parked, and says so', async () => {
    const { type, endpointId, order } = fresh('all');
    await site.publish(type, 30);
    const owner = await site.owner({ parked: 10 });
    owner.parked = 11;
    await site.order(order);
    await eventually(async () => {
      const last = (await site.progress(order.recoveryId)).at(-1);
      return (last?.cursor as { parkedUp?: boolean } | null)?.parkedUp === true;
    }, 'the recovery to wait');
    expect(await eventIdsOf(endpointId)).toEqual([]);
    owner.parked = 10;
    await settled(order.recoveryId, 'done');
    expect(await eventIdsOf(endpointId)).toHaveLength(30);
  });
});

describe('a recovery of what failed', () => {
  const log = (endpointId: string) => {
    const of = { endpointId };
    return [
      ...[1, 2, 3, 4].map((n) => created(n, of)),
      created('old', { ...of, acceptedAt: NOW - 10_000 }),
      ...[1, 2, 3, 'old'].map((n) => started(n, { ...of, recordOffset: 70 + Number(n === 'old' ? 9 : n) })),
      finished(1, 'failed', of),
      finished(2, 'succeeded', of),
      finished(3, 'retry', of),
      ended(3, 'expired', { ...of, attempt: 2, recordOffset: 88 }),
      ended(4, 'cancelled', of),
      finished('old', 'failed', of),
    ];
  };

  it('asks the owner to retry each, fenced by its last epoch', async () => {
    const { endpointId, order } = fresh('failed', { since: NOW - 5_000, until: NOW + 5_000 });
    await site.note('ep_elsewhere', log('ep_elsewhere'));
    await site.note(endpointId, log(endpointId));
    await site.owner();
    await site.order(order);
    const last = await settled(order.recoveryId, 'done');
    expect(last.counts).toEqual({ examined: 4, qualified: 2, sent: 2 });
    expect(await site.commands(endpointId)).toEqual([
      expect.objectContaining({
        kind: 'retry',
        deliveryId: idOf(1),
        expectedEpoch: 0,
        attempt: 1,
        recordOffset: 71,
        chain: { sequence: 3, previousId: 'evt_before' },
        replay: order.recoveryId,
        force: true,
        by: 'key_1',
      }),
      expect.objectContaining({ deliveryId: idOf(3), recordOffset: 88, attempt: 2 }),
    ]);
  });

  it('goes on after a kill without asking again for what the owner has taken up', async () => {
    const { endpointId, order } = fresh('failed', { perSecond: 8 });
    const many = Array.from({ length: 12 }, (_each, n) => n);
    // One record each, so that the cursor can stand between them.
    for (const n of many)
      await site.note(endpointId, [created(n, { endpointId }), finished(n, 'failed', { endpointId })]);
    const first = await site.owner();
    await site.order(order);
    await eventually(
      async () => ((await site.progress(order.recoveryId)).at(-1)?.counts.sent ?? 0) >= 4,
      'some commands to be told',
    );
    first.kill();
    const taken = await site.commands(endpointId);
    expect(taken.length).toBeGreaterThanOrEqual(4);
    expect(taken.length).toBeLessThan(12);
    await site.note(
      endpointId,
      taken.map(({ deliveryId: id }) => ({
        kind: 'reopened' as const,
        deliveryId: id,
        tenant: 'default',
        endpointId,
        at: NOW,
        epoch: 1,
        commandId: 'c',
        by: 'key_1',
        replay: null,
      })),
    );
    await site.owner();
    const last = await settled(order.recoveryId, 'done');
    expect(last.counts.qualified).toBe(12);
    const asked = (await site.commands(endpointId)).map((command) => command.deliveryId);
    expect(sorted(asked)).toEqual(sorted(many.map(idOf)));
  });
});

describe('an owner that dies', () => {
  it.each([
    ['missing', 0],
    ['missing', 3],
    ['missing', 4],
    ['missing', 5],
    ['missing', 8],
    ['all', 3],
    ['all', 4],
    ['all', 5],
    ['all', 8],
  ] as const)(
    'of %s before its send number %d: the next goes on, and every event is delivered once',
    async (only, at) => {
      const { type, endpointId, order } = fresh(only);
      const ids = await site.publish(type, 2_200);
      const first = await site.owner();
      first.diesAt = (send) => send === at;
      await site.order(order);
      await eventually(() => first.sends > at, 'the first owner to die');
      await site.owner();
      await settled(order.recoveryId, 'done');
      const records = await site.deliveries(endpointId);
      const distinct = new Map(records.map(({ task }) => [task.deliveryId, task.eventId]));
      expect(sorted([...distinct.values()])).toEqual(sorted(ids));
      // What was under way may be there twice, under the same ids: the dispatcher drops repeats.
      expect(records.length - ids.length).toBeLessThanOrEqual(500);
      const facts = (await site.facts(endpointId)).map((fact) => fact.deliveryId);
      expect(new Set(facts)).toEqual(new Set(distinct.keys()));
    },
  );

  it('while it waits for its rate loses nothing and repeats nothing that was told', async () => {
    const { type, endpointId, order } = fresh('all', { perSecond: 200 });
    const ids = await site.publish(type, 500);
    const first = await site.owner();
    await site.order(order);
    await eventually(async () => (await site.deliveries(endpointId)).length >= 100, 'a part to be made');
    first.kill();
    const told = (await site.progress(order.recoveryId)).at(-1)!;
    expect(told.state).toBe('running');
    const second = await site.owner();
    await settled(order.recoveryId, 'done');
    await second.runner.stop(1_000);
    const records = await site.deliveries(endpointId);
    expect(sorted([...new Set(records.map(({ task }) => task.eventId))])).toEqual(sorted(ids));
    expect(records.length - ids.length).toBeLessThanOrEqual(50);
  });
});

describe('what its user wants', () => {
  it('pause stops it, resume goes on from there, each event once', async () => {
    const { type, endpointId, order } = fresh('all', { perSecond: 200 });
    const ids = await site.publish(type, 400);
    await site.owner();
    await site.order(order);
    await eventually(async () => (await site.deliveries(endpointId)).length >= 50, 'a part to be made');
    await site.order({ ...order, wanted: 'pause', version: 2 });
    const paused = await settled(order.recoveryId, 'paused', 2);
    const made = (await site.deliveries(endpointId)).length;
    expect(paused.counts.sent).toBe(made);
    expect(made).toBeLessThan(400);
    // Something that would come after anything that the paused job still made.
    const behind = orderOf('behind', { endpointId, only: 'all', createdAt: 9_000 });
    await site.order(behind);
    await settled('behind', 'done');
    const ofOurs = async () =>
      (await site.deliveries(endpointId)).filter(({ task }) => task.replay === order.recoveryId);
    expect(await ofOurs()).toHaveLength(made);
    await site.order({ ...order, wanted: 'run', version: 3, perSecond: 1_000_000 });
    const last = await settled(order.recoveryId, 'done', 3);
    expect(last.counts).toEqual({ examined: 400, qualified: 400, sent: 400 });
    expect(sorted((await ofOurs()).map(({ task }) => task.eventId))).toEqual(sorted(ids));
  });

  it('cancel stops it for good', async () => {
    const { type, endpointId, order } = fresh('all', { perSecond: 20 });
    await site.publish(type, 400);
    const owner = await site.owner();
    await site.order(order);
    await settled(order.recoveryId, 'running');
    await site.order({ ...order, wanted: 'cancel', version: 2 });
    const cancelled = await settled(order.recoveryId, 'cancelled', 2);
    expect(cancelled.cursor).toBeNull();
    const made = (await site.deliveries(endpointId)).length;
    expect(cancelled.counts.sent).toBe(made);
    await site.order({ ...order, wanted: 'run', version: 3 });
    await settled(order.recoveryId, 'cancelled', 3);
    await owner.runner.stop(1_000);
    await site.owner();
    await site.order(orderOf('behind', { endpointId, only: 'failed', createdAt: 9_000 }));
    await settled('behind', 'done');
    expect(await eventIdsOf(endpointId)).toHaveLength(made);
  });

  it('a recovery that waits behind another can be cancelled, and one that ended stays ended', async () => {
    const { type, endpointId, order } = fresh('all', { perSecond: 5 });
    await site.publish(type, 100);
    await site.owner();
    await site.order(order);
    await settled(order.recoveryId, 'running');
    const second = orderOf('second', { endpointId, only: 'all', createdAt: 2_000 });
    await site.order(second);
    await site.order({ ...second, wanted: 'cancel', version: 2 });
    expect((await settled('second', 'cancelled', 2)).counts).toEqual({ examined: 0, qualified: 0, sent: 0 });
    await site.tell(progressOf('second', 'running', { endpointId, version: 1 }));
    await eventually(
      async () =>
        (await site.progress('second'))
          .map(({ state }) => state)
          .join(' ')
          .endsWith('running cancelled'),
      'the end to be told again',
    );
  });

  it('a recovery for an endpoint that is gone fails with a sentence, also in the middle', async () => {
    const { type, endpointId, order } = fresh('all', { perSecond: 20 });
    await site.publish(type, 200);
    await site.owner();
    await site.order(orderOf('nobody', { endpointId: 'ep_nobody', only: 'failed' }));
    expect((await settled('nobody', 'failed')).error).toMatch(/endpoint was deleted/);
    await site.order(order);
    await settled(order.recoveryId, 'running');
    site.directory.delete(endpointId);
    expect((await settled(order.recoveryId, 'failed')).error).toMatch(/endpoint was deleted/);
  });
});

describe('two owners', () => {
  it('hand a recovery over and back: each event once, and only the owner works', async () => {
    const { type, endpointId, order } = fresh('missing', { perSecond: 400 });
    const ids = await site.publish(type, 1_200);
    const partition = site.partitionOf(endpointId);
    const one = await site.owner();
    const other = await site.owner();
    other.ownership.set();
    await site.order(order);
    const atLeast = (count: number) =>
      eventually(async () => (await site.deliveries(endpointId)).length >= count, `${count} deliveries`);
    await atLeast(200);
    expect(other.sends).toBe(0);
    one.ownership.set();
    other.ownership.set(partition);
    await atLeast(600);
    other.ownership.set();
    one.ownership.set(0, 1, 2);
    await settled(order.recoveryId, 'done');
    expect(other.sends).toBeGreaterThan(0);
    const records = await site.deliveries(endpointId);
    const distinct = new Map(records.map(({ task }) => [task.deliveryId, task.eventId]));
    expect(sorted([...distinct.values()])).toEqual(sorted(ids));
    expect(records.length).toBeLessThanOrEqual(ids.length + 400);
  });

  it('a process that stops tells where it stands, so the next repeats nothing', async () => {
    const { type, endpointId, order } = fresh('all', { perSecond: 400 });
    const ids = await site.publish(type, 800);
    const first = await site.owner();
    await site.order(order);
    await eventually(async () => (await site.deliveries(endpointId)).length >= 100, 'a part to be made');
    await first.runner.stop(5_000);
    const made = (await site.deliveries(endpointId)).length;
    expect((await site.progress(order.recoveryId)).at(-1)!.counts.sent).toBe(made);
    await site.owner();
    const last = await settled(order.recoveryId, 'done');
    expect(last.counts.sent).toBe(800);
    expect(sorted(await eventIdsOf(endpointId))).toEqual(sorted(ids));
  });
});
