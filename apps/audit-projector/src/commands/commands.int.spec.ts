import { randomUUID } from 'node:crypto';
import { connectDatabase } from '@millrace/postgres';
import {
  type CommandAcceptedView,
  type DeliveryCreated,
  type DeliveryDetailView,
  type DeliveryFact,
  type DeliveryStatus,
  type ManyCommandsView,
  type Page,
  type Problem,
  partitionOfKey,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually, isolatedEnvironment, type TestEnvironment } from '@millrace/test-environment';
import { ADMIN_KEY, HistorySite, PARTITIONS } from '../../test/history-site';
import { historyDatabase } from '../history.config';
import {
  createdFact,
  endedFact,
  finishedFact,
  parkedFact,
  refusedCommandFact,
  reopenedFact,
  sampleEvent,
  startedFact,
} from '../projector/sample-log.fixture';

jest.setTimeout(120_000);

let environment: TestEnvironment;
let site: HistorySite;

beforeAll(async () => {
  environment = await isolatedEnvironment();
  site = await HistorySite.start(environment, eventually);
});
afterAll(async () => {
  await site?.stop();
  await environment?.close();
});

const madeAt = (endpointId: string, over: { tenant?: string; type?: string; subject?: string; at?: number } = {}) => {
  const at = over.at ?? Date.now();
  const event = sampleEvent(randomUUID(), { ...over, time: new Date(at).toISOString() });
  return createdFact(event, endpointId, at);
};

/** The facts after which a delivery has the status. */
const factsOf = (status: DeliveryStatus, created: DeliveryCreated): DeliveryFact[] => {
  const started = { ...startedFact(created, 1, created.at + 10), recordOffset: 17 };
  switch (status) {
    case 'pending':
      return [created, started];
    case 'retrying':
      return [created, started, finishedFact(started, 500, { kind: 'retry', nextAttemptAt: created.at + 60_000 })];
    case 'parked':
      return [created, parkedFact(created, { at: created.at + 5, recordOffset: 17 })];
    case 'succeeded':
      return [created, started, finishedFact(started, 200, { kind: 'succeeded' })];
    case 'failed':
      return [created, started, finishedFact(started, 500, { kind: 'failed', reason: 'exhausted' })];
    case 'expired':
      return [created, started, finishedFact(started, 500, { kind: 'expired' })];
    case 'cancelled':
      return [created, started, endedFact(created, { at: created.at + 300 })];
  }
};

const deliveryThat = async (status: DeliveryStatus, created = madeAt('ep_one')): Promise<DeliveryCreated> => {
  await site.publish(factsOf(status, created));
  const key = created.tenant === 'default' ? ADMIN_KEY : (await site.newKey(created.tenant, ['admin'])).text;
  await site.deliveryIs(created.deliveryId, status, key);
  return created;
};
const pathOf = (created: DeliveryCreated, command: string) => `/v1/deliveries/${created.deliveryId}/${command}`;

describe('one command', () => {
  const FORCE = { force: true, reason: 'the customer asked' };
  const TABLE: ReadonlyArray<readonly [DeliveryStatus, string, object | undefined, number, string | null]> = [
    ['pending', 'retry', undefined, 409, 'delivery_pending'],
    ['pending', 'cancel', undefined, 202, null],
    ['pending', 'skip', undefined, 409, 'delivery_pending'],
    ['retrying', 'retry', undefined, 202, null],
    ['retrying', 'cancel', undefined, 202, null],
    ['retrying', 'skip', undefined, 409, 'nothing_waits_behind'],
    ['parked', 'retry', undefined, 409, 'delivery_parked'],
    ['parked', 'cancel', undefined, 202, null],
    ['parked', 'skip', undefined, 409, 'delivery_parked'],
    ['succeeded', 'retry', FORCE, 409, 'delivery_succeeded'],
    ['succeeded', 'cancel', undefined, 409, 'delivery_succeeded'],
    ['succeeded', 'skip', undefined, 409, 'delivery_succeeded'],
    ['failed', 'retry', undefined, 202, null],
    ['failed', 'cancel', undefined, 409, 'delivery_ended'],
    ['failed', 'skip', undefined, 409, 'delivery_ended'],
    ['cancelled', 'retry', undefined, 202, null],
    ['cancelled', 'cancel', undefined, 409, 'delivery_ended'],
    ['cancelled', 'skip', undefined, 409, 'delivery_ended'],
    ['expired', 'retry', undefined, 409, 'delivery_expired'],
    ['expired', 'retry', FORCE, 202, null],
    ['expired', 'cancel', undefined, 409, 'delivery_ended'],
    ['expired', 'skip', undefined, 409, 'delivery_ended'],
  ];

  it.each(TABLE)('on one that is %s: %s %j is answered %i %s', async (status, command, body, expected, code) => {
    const created = await deliveryThat(status);
    const answer = await site.post<CommandAcceptedView & Problem>(pathOf(created, command), body);
    expect([answer.status, answer.body.code ?? null]).toEqual([expected, code]);
    const sent = await site.commandsFor(created.deliveryId);
    expect(sent.map((arrived) => arrived.command.kind)).toEqual(expected === 202 ? [command] : []);
    if (expected !== 202) return;
    expect(answer.body).toEqual({
      deliveryId: created.deliveryId,
      commandId: sent[0]!.command.commandId,
      command,
    });
  });

  it('reaches the owner of the endpoint, with all that it needs to know', async () => {
    const created = madeAt('ep_elsewhere');
    const started = {
      ...startedFact(created, 4, created.at + 10),
      epoch: 2,
      recordOffset: 8_123,
      chain: { sequence: 41, previousId: null },
    };
    await site.publish([created, started, finishedFact(started, 500, { kind: 'failed', reason: 'exhausted' })]);
    await site.deliveryIs(created.deliveryId, 'failed');
    const before = Date.now();
    const { body } = await site.post<CommandAcceptedView>(pathOf(created, 'retry'), {});
    const [arrived, ...more] = await site.commandsFor(created.deliveryId);
    expect(more).toEqual([]);
    expect(arrived).toEqual({
      partition: partitionOfKey('ep_elsewhere', PARTITIONS),
      key: 'ep_elsewhere',
      command: {
        v: 1,
        kind: 'retry',
        commandId: body.commandId,
        by: 'admin',
        at: expect.any(Number),
        tenant: 'default',
        endpointId: 'ep_elsewhere',
        deliveryId: created.deliveryId,
        expectedEpoch: 2,
        attempt: 4,
        recordOffset: 8_123,
        chain: { sequence: 41, previousId: null },
        replay: body.commandId,
        ended: true,
        force: false,
      },
    });
    expect(arrived!.command.at).toBeGreaterThanOrEqual(before);
  });

  it('is fenced: of 50 at the same time one wins, and a person sees what became of each', async () => {
    const created = await deliveryThat('failed');
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => site.post<CommandAcceptedView>(pathOf(created, 'retry'))),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 202));
    const sent = await site.commandsFor(created.deliveryId);
    expect(new Set(sent.map(({ command }) => command.commandId)).size).toBe(50);
    expect(new Set(sent.map(({ command }) => command.expectedEpoch))).toEqual(new Set([0]));
    // what the owner says when it meets them
    const [first, ...rest] = sent.map(({ command }) => command.commandId);
    await site.publish([
      { ...reopenedFact(created, 1, Date.now()), commandId: first!, by: 'admin' },
      ...rest.map((commandId) => refusedCommandFact(created, { at: Date.now(), commandId, by: 'admin' })),
    ]);
    const shown = await eventually(async () => {
      const { body } = await site.get<DeliveryDetailView>(`/v1/deliveries/${created.deliveryId}`);
      return body.commands.length === 50 ? body : null;
    }, 'all 50 answers');
    expect([shown.status, shown.epoch]).toEqual(['pending', 1]);
    expect(shown.commands.filter(({ result }) => result === 'done').map(({ commandId }) => commandId)).toEqual([first]);
    expect(shown.commands.filter(({ reason }) => reason === 'stale')).toHaveLength(49);
  });

  it('under an Idempotency-Key is one command, however often it is sent', async () => {
    const created = await deliveryThat('failed');
    const key = { 'idempotency-key': randomUUID() };
    const once = await site.post(pathOf(created, 'retry'), { reason: 'again' }, ADMIN_KEY, key);
    const twice = await site.post(pathOf(created, 'retry'), { reason: 'again' }, ADMIN_KEY, key);
    expect([once.status, twice.status, twice.text]).toEqual([202, 202, once.text]);
    expect(await site.commandsFor(created.deliveryId)).toHaveLength(1);
    const other = await site.post(pathOf(created, 'retry'), { reason: 'another' }, ADMIN_KEY, key);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
  });

  it('under an Idempotency-Key is known by its id when the answer to the first request was lost', async () => {
    const created = await deliveryThat('failed');
    const key = { 'idempotency-key': randomUUID() };
    const once = await site.post<CommandAcceptedView>(pathOf(created, 'retry'), {}, ADMIN_KEY, key);
    const database = await connectDatabase(historyDatabase(site.variables['MILLRACE_DATABASE_URL']!), silentLogger);
    try {
      const forget = () => database.query('DELETE FROM idempotency');
      await forget();
      const twice = await site.post<CommandAcceptedView>(pathOf(created, 'retry'), {}, ADMIN_KEY, key);
      expect(twice.text).toBe(once.text);
      const { commandId } = once.body;
      const ids = (await site.commandsFor(created.deliveryId)).map(({ command }) => command.commandId);
      expect(ids).toEqual([commandId, commandId]);
      await site.publish([{ ...reopenedFact(created, 1, Date.now()), commandId }]);
      await site.deliveryIs(created.deliveryId, 'pending');
      await forget();
      const thrice = await site.post(pathOf(created, 'retry'), {}, ADMIN_KEY, key);
      expect([thrice.status, thrice.text]).toEqual([202, once.text]);
      expect(await site.commandsFor(created.deliveryId)).toHaveLength(2);
    } finally {
      await database.destroy();
    }
  });

  it.each([
    ['retry', { force: true }, 'reason'],
    ['retry', { force: 'yes', reason: 'x' }, 'force'],
    ['retry', { reason: 'x'.repeat(501) }, 'reason'],
    ['retry', { when: 'now' }, 'when'],
    ['cancel', { reason: 'x' }, 'reason'],
    ['skip', [], ''],
  ])('refuses %s %j', async (command, body, path) => {
    const answer = await site.post<Problem>(`/v1/deliveries/${madeAt('ep_x').deliveryId}/${command}`, body);
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path }] } });
  });

  it.each(['/v1/deliveries/%00/retry', '/v1/deliveries/0199c1a2-7c3d-8abc-9def-000000000003/cancel'])(
    'does not find %s',
    async (path) => {
      expect(await site.post(path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    },
  );
});

describe('who may', () => {
  it('not touch another tenant, one by one or by filter', async () => {
    const created = await deliveryThat('failed', madeAt('ep_acme', { tenant: 'acme' }));
    for (const command of ['retry', 'cancel', 'skip'])
      expect((await site.post(pathOf(created, command))).status).toBe(404);
    const many = await site.post<ManyCommandsView>('/v1/deliveries/retry', { filter: { endpointId: 'ep_acme' } });
    expect(many.body).toMatchObject({ matched: 0, sent: 0 });
    expect((await site.get<Page<unknown>>('/v1/endpoints/ep_acme/held-keys')).body.data).toEqual([]);
    expect(await site.commandsFor(created.deliveryId)).toEqual([]);
    const own = await site.newKey('acme', ['deliveries:write']);
    expect((await site.post(pathOf(created, 'retry'), {}, own.text)).status).toBe(202);
    const [arrived] = await site.commandsFor(created.deliveryId);
    expect(arrived!.command).toMatchObject({ tenant: 'acme', by: own.id });
  });

  it('not without the scope', async () => {
    const created = await deliveryThat('failed');
    const reader = (await site.newKey('default', ['deliveries:read', 'webhooks:write'])).text;
    const writer = (await site.newKey('default', ['deliveries:write'])).text;
    const refused = [
      await site.post(pathOf(created, 'retry'), {}, reader),
      await site.post(pathOf(created, 'cancel'), {}, reader),
      await site.post(pathOf(created, 'skip'), {}, reader),
      await site.post('/v1/deliveries/retry', { filter: { endpointId: 'ep_one' } }, reader),
      await site.post('/v1/deliveries/cancel', { filter: { endpointId: 'ep_one' } }, reader),
      await site.post('/v1/filters/test', { filter: {} }, reader),
      await site.get('/v1/endpoints/ep_one/held-keys', writer),
      await site.get('/v1/deliveries', writer),
    ];
    for (const answer of refused) expect(answer).toMatchObject({ status: 403, body: { code: 'insufficient_scope' } });
    expect(await site.commandsFor(created.deliveryId)).toEqual([]);
  });
});

describe('many commands', () => {
  const STATUSES: readonly DeliveryStatus[] = [
    'pending',
    'retrying',
    'parked',
    'succeeded',
    'failed',
    'cancelled',
    'expired',
  ];
  /** One delivery of each status, at an endpoint of its own. */
  const oneOfEach = async (endpointId: string): Promise<Map<DeliveryStatus, DeliveryCreated>> => {
    const made = new Map(STATUSES.map((status) => [status, madeAt(endpointId)]));
    await site.publish([...made].flatMap(([status, created]) => factsOf(status, created)));
    for (const [status, { deliveryId }] of made) await site.deliveryIs(deliveryId, status);
    return made;
  };

  it.each([
    ['retry', undefined, ['failed']],
    ['retry', 'cancelled', ['cancelled']],
    ['retry', 'retrying', ['retrying']],
    ['cancel', undefined, ['pending', 'retrying', 'parked']],
    ['cancel', 'parked', ['parked']],
  ] as const)('%s, status %s: only those that it may be about', async (kind, status, expected) => {
    const endpointId = `ep_each_${kind}_${status}`;
    const made = await oneOfEach(endpointId);
    const filter = { endpointId, ...(status === undefined ? {} : { status }) };
    const dry = await site.post<ManyCommandsView>(`/v1/deliveries/${kind}`, { filter, dryRun: true });
    const ids = [...made.values()].map(({ deliveryId }) => deliveryId);
    const numbers = { command: kind, matched: expected.length, more: false };
    expect([dry.status, dry.body]).toEqual([202, { ...numbers, sent: 0, dryRun: true }]);
    expect(await site.commandsFor(...ids)).toEqual([]);
    const wet = await site.post<ManyCommandsView>(`/v1/deliveries/${kind}`, { filter });
    expect([wet.status, wet.body]).toEqual([202, { ...numbers, sent: expected.length, dryRun: false }]);
    const sent = await site.commandsFor(...ids);
    expect(sent.map(({ command }) => command.deliveryId).sort()).toEqual(
      expected.map((each) => made.get(each)!.deliveryId).sort(),
    );
    expect(new Set(sent.map(({ command }) => command.kind))).toEqual(new Set([kind]));
  });

  it('chooses by type and time, newest first, up to its limit and beyond one batch', async () => {
    const at = Date.now() - 3_600_000;
    const facts = Array.from({ length: 1_203 }, (_, n) =>
      madeAt('ep_many', { at: at + Math.floor(n / 3), type: n % 2 === 0 ? 'order.shipped' : 'order.packed' }),
    );
    for (let from = 0; from < facts.length; from += 300)
      await site.publish(facts.slice(from, from + 300).flatMap((created) => factsOf('failed', created)));
    await site.deliveryIs(facts.at(-1)!.deliveryId, 'failed');
    const call = async (filter: object, over: object = {}) =>
      (await site.post<ManyCommandsView>('/v1/deliveries/retry', { filter, dryRun: true, ...over })).body;
    expect(await call({ endpointId: 'ep_many', eventType: 'order.shipped' })).toMatchObject({ matched: 602 });
    const time = (ms: number) => new Date(ms).toISOString();
    const part = { eventType: 'order.shipped', from: time(at + 100), to: time(at + 102) };
    expect(await call(part)).toMatchObject({ matched: 3, more: false });
    expect(await call({ from: time(at + 400), endpointId: 'ep_many' })).toMatchObject({ matched: 3 });
    expect(await call({ endpointId: 'ep_many' })).toMatchObject({ matched: 1_000, more: true });
    const { sent, more } = await call({ endpointId: 'ep_many' }, { dryRun: false, limit: 1_201 });
    expect([sent, more]).toEqual([1_201, true]);
    const arrived = await site.commandsFor(...facts.map(({ deliveryId }) => deliveryId));
    expect(new Set(arrived.map(({ command }) => command.deliveryId)).size).toBe(1_201);
    const left = facts.filter(({ deliveryId }) => !arrived.some(({ command }) => command.deliveryId === deliveryId));
    expect(left.map(({ at: createdAt }) => createdAt)).toEqual([at, at]);
    expect(await call({ endpointId: 'ep_many' }, { limit: 1_203 })).toMatchObject({ matched: 1_203, more: false });
  });

  it.each([
    ['retry', {}, 'filter'],
    ['retry', { filter: {} }, 'filter'],
    ['retry', { filter: { status: 'failed', to: '2026-02-17T13:00:00Z' } }, 'filter'],
    ['retry', { filter: { endpointId: 'ep_1', status: 'succeeded' } }, 'filter.status'],
    ['retry', { filter: { endpointId: 'ep_1', status: 'expired' } }, 'filter.status'],
    ['cancel', { filter: { endpointId: 'ep_1', status: 'failed' } }, 'filter.status'],
    ['cancel', { filter: { endpointId: "';--" } }, 'filter.endpointId'],
    ['cancel', { filter: { from: 'yesterday' } }, 'filter.from'],
    ['cancel', { filter: { endpointId: 'ep_1', endpoint: 'ep_2' } }, 'filter.endpoint'],
    ['cancel', { filter: { endpointId: 'ep_1' }, limit: 10_001 }, 'limit'],
    ['cancel', { filter: { endpointId: 'ep_1' }, limit: 0 }, 'limit'],
    ['cancel', { filter: { endpointId: 'ep_1' }, dryRun: 1 }, 'dryRun'],
  ])('refuses %s %j', async (kind, body, path) => {
    const answer = await site.post<Problem>(`/v1/deliveries/${kind}`, body);
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path }] } });
  });
});

it('answers 503 while Kafka does not take a command, and takes it afterwards', async () => {
  const created = await deliveryThat('failed');
  await environment.stopBroker('kill');
  try {
    const answers = await Promise.all([
      site.post<Problem>(pathOf(created, 'retry')),
      site.post<Problem>('/v1/deliveries/retry', { filter: { endpointId: created.endpointId } }),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(answers[1]!.body.detail).toContain('It has taken 0 commands');
  } finally {
    await environment.startBroker();
  }
  await eventually(
    async () => (await site.post(pathOf(created, 'retry'))).status === 202,
    'the command is taken',
    30_000,
  );
});
