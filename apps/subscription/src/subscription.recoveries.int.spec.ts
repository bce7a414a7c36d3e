import { createHash, randomBytes } from 'node:crypto';
import { HEALTHY } from '@millrace/domain';
import { type CompactedView, type DurableProducer, KafkaConnection } from '@millrace/kafka';
import {
  type ChangedEndpointView,
  type CreatedEndpointView,
  decodeRecoveryOrder,
  type EndpointView,
  EVENT_MODULES,
  encodeApiKey,
  encodeEndpointHealth,
  encodeRecoveryProgress,
  type Page,
  type Problem,
  type RecoveryOrder,
  type RecoveryProgress,
  type RecoveryView,
  type Scope,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually, ServiceProcess, serviceVariables, testEnvironment } from '@millrace/test-environment';

jest.setTimeout(120_000);

const adminKey = `mr_admin1_${randomBytes(24).toString('hex')}`;
const url = 'https://erp.example.com/hooks?token=1';
const eventTypes = ['machine.*'];
const DAY = 86_400_000;
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

let service: ServiceProcess;
let kafka: KafkaConnection;
let producer: DurableProducer;
let topics: TopicNames;
let engine: Engine;

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

const call = async <T = Problem>(
  method: string,
  path: string,
  body?: unknown,
  headers: { readonly [name: string]: string } = {},
  key: string = adminKey,
): Promise<Answer<T>> => {
  const answer = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as T };
};

const create = async (more: object = {}, key = adminKey): Promise<CreatedEndpointView> => {
  const answer = await call<CreatedEndpointView>('POST', '/v1/endpoints', { url, eventTypes, ...more }, {}, key);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};

const recover = async (endpointId: string, more: object = {}): Promise<RecoveryView> => {
  const asked = { since: ago(DAY), only: 'failed', ...more };
  const answer = await call<RecoveryView>('POST', `/v1/endpoints/${endpointId}/recover`, asked);
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};

const keyOf = async (tenant: string, scopes: Scope[]): Promise<string> => {
  const id = randomBytes(6).toString('hex');
  const text = `mr_${id}_${randomBytes(24).toString('hex')}`;
  const sha256 = createHash('sha256').update(text).digest('hex');
  await producer.send([
    encodeApiKey(topics.apiKeys, id, { v: 1, id, tenant, name: 'test', sha256, scopes, expiresAt: null }),
  ]);
  return text;
};

/** Stands for the delivery service: follows the orders, and tells of progress. */
class Engine {
  readonly orders: RecoveryOrder[] = [];
  answering = true;
  private view: CompactedView | null = null;

  async start(): Promise<void> {
    this.view = kafka.compactedView({
      topic: topics.recoveries,
      onMessage: (message) => {
        const order = decodeRecoveryOrder(message);
        if (order === null) throw new Error('an order that cannot be read');
        this.orders.push(order);
        if (this.answering) void this.follow(order);
      },
    });
    await this.view.start();
  }

  of(id: string): RecoveryOrder[] {
    return this.orders.filter(({ recoveryId }) => recoveryId === id);
  }

  tell(order: RecoveryOrder, more: Partial<RecoveryProgress>): Promise<void> {
    const { recoveryId, tenant, endpointId, version } = order;
    const counts = { examined: 0, qualified: 0, sent: 0 };
    return producer.send([
      encodeRecoveryProgress(topics.recoveryProgress, {
        v: 1,
        ...{ recoveryId, tenant, endpointId, version, state: 'counting', counts },
        ...{ cursor: { at: 1 }, error: null, at: Date.now(), ...more },
      }),
    ]);
  }

  close(): Promise<void> | undefined {
    return this.view?.close();
  }

  private async follow(order: RecoveryOrder): Promise<void> {
    const counts = { examined: 100, qualified: 40, sent: 0 };
    if (order.version === 1) await this.tell(order, { state: 'counting', counts: { ...counts, qualified: 20 } });
    const going = order.dryRun ? 'done' : 'running';
    await this.tell(order, {
      state: { run: going, pause: 'paused', cancel: 'cancelled' }[order.wanted] as never,
      counts,
    });
  }
}

beforeAll(async () => {
  const environment = await testEnvironment();
  const prefix = environment.freshPrefix();
  topics = topicNames(prefix);
  kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'test', logger: silentLogger });
  await kafka.provisionTopics(topicSpecs({ prefix, partitions: 1, replicationFactor: 1, modules: EVENT_MODULES }), 1);
  producer = kafka.producer('test');
  engine = new Engine();
  await engine.start();
  service = await ServiceProcess.start('subscription', {
    variables: serviceVariables({
      brokers: environment.brokers,
      databaseUrl: await environment.freshDatabase(),
      prefix,
      adminKey,
      encryptionKey: randomBytes(32).toString('base64'),
      partitions: 1,
    }),
  });
  await service.waitReady(60_000);
});
afterAll(async () => {
  await service?.stop();
  await engine?.close();
  await producer?.close();
  await kafka?.close();
});
beforeEach(() => {
  engine.answering = true;
});

describe('a recovery', () => {
  test('is answered with its counts, and its order is what was asked', async () => {
    const { id } = await create();
    const since = ago(2 * DAY);
    const until = ago(DAY);
    const asked = { since, until, eventTypes: ['machine.alarm'], only: 'all', perSecond: 0.5 };
    const job = await recover(id, asked);
    expect(job).toEqual({
      ...asked,
      id: expect.stringMatching(/^rec_/),
      endpointId: id,
      endpointStatus: 'active',
      dryRun: false,
      state: 'running',
      wanted: 'run',
      counts: { examined: 100, qualified: 40, sent: 0 },
      error: null,
      createdBy: expect.any(String),
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
    });
    expect(engine.of(job.id)).toEqual([
      {
        v: 1,
        recoveryId: job.id,
        tenant: 'default',
        endpointId: id,
        only: 'all',
        since: Date.parse(since),
        until: Date.parse(until),
        eventTypes: ['machine.alarm'],
        dryRun: false,
        perSecond: 0.5,
        wanted: 'run',
        version: 1,
        by: job.createdBy,
        createdAt: Date.parse(job.createdAt),
      },
    ]);
    expect((await call('GET', `/v1/recoveries/${job.id}`)).body).toEqual(job);
  });

  test('reaches to now, at 100 a second, when nothing is said', async () => {
    const { id } = await create();
    const job = await recover(id, { dryRun: true });
    expect(job).toMatchObject({ until: job.createdAt, eventTypes: null, perSecond: 100, dryRun: true, state: 'done' });
  });

  test('is answered while it still counts, when that takes long, and shows its progress later', async () => {
    engine.answering = false;
    const { id } = await create();
    const job = await recover(id);
    expect(job).toMatchObject({ state: 'counting', counts: { examined: 0, qualified: 0, sent: 0 } });
    const read = async () => (await call<RecoveryView>('GET', `/v1/recoveries/${job.id}`)).body;
    const [order] = engine.of(job.id);
    const counts = { examined: 9, qualified: 8, sent: 7 };
    const at = Date.now();
    const garbage = { topic: topics.recoveryProgress, key: job.id, value: Buffer.from('{"v":1'), headers: {} };
    await producer.send([garbage]);
    await engine.tell(order!, { state: 'running', counts: { ...counts, sent: -1 } });
    await engine.tell({ ...order!, tenant: 'a\u0000b' }, { state: 'running' });
    await engine.tell({ ...order!, tenant: 'other' }, { state: 'failed' });
    await engine.tell({ ...order!, recoveryId: 'rec_\u0000' }, { state: 'failed' });
    await engine.tell(order!, { state: 'running', counts, at });
    await eventually(async () => (await read()).state === 'running', 'the progress to arrive');
    expect((await read()).counts).toEqual(counts);
    // one that comes late says nothing new; what comes after it proves that it has been read
    await engine.tell(order!, { state: 'paused', counts: { ...counts, sent: 1 }, at: at - 1 });
    const error = `The log was too short: \u0000${'x'.repeat(5_000)}`;
    await engine.tell(order!, { state: 'failed', counts, error });
    await eventually(async () => (await read()).state === 'failed', 'the end to arrive');
    expect((await read()).counts).toEqual(counts);
    expect((await read()).error).toMatch(/^The log was too short: \ufffdx+$/);
  });

  test('is paused, resumed and cancelled, each as often as one likes', async () => {
    const { id } = await create();
    const { id: job } = await recover(id);
    const steer = (action: string) => call<RecoveryView>('POST', `/v1/recoveries/${job}/${action}`);
    for (const [action, wanted, state] of [
      ['resume', 'run', 'running'],
      ['pause', 'pause', 'paused'],
      ['pause', 'pause', 'paused'],
      ['resume', 'run', 'running'],
      ['cancel', 'cancel', 'cancelled'],
      ['cancel', 'cancel', 'cancelled'],
    ] as const) {
      const answer = await steer(action);
      expect([action, answer.status, answer.body.wanted, answer.body.state]).toEqual([action, 202, wanted, state]);
    }
    expect(engine.of(job).map(({ wanted }) => wanted)).toEqual(['run', 'pause', 'run', 'cancel']);
    for (const action of ['pause', 'resume'])
      expect(await steer(action)).toMatchObject({ status: 409, body: { code: 'recovery_ended' } });
    const { id: done } = await recover(id, { dryRun: true });
    expect(await call('POST', `/v1/recoveries/${done}/cancel`)).toMatchObject({
      status: 409,
      body: { code: 'recovery_ended' },
    });
  });

  test('is started once with one Idempotency-Key', async () => {
    const { id } = await create();
    const headers = { 'idempotency-key': `k-${randomBytes(4).toString('hex')}` };
    const asked = { since: ago(DAY), only: 'failed' };
    const post = (body: object) => call<RecoveryView>('POST', `/v1/endpoints/${id}/recover`, body, headers);
    const first = await post(asked);
    expect(await post(asked)).toEqual(first);
    expect(await post({ ...asked, only: 'all' })).toMatchObject({
      status: 409,
      body: { code: 'idempotency_conflict' },
    });
    const { body } = await call<Page<RecoveryView>>('GET', `/v1/recoveries?endpointId=${id}`);
    expect(body.data).toHaveLength(1);
    expect(engine.of(first.body.id)).toHaveLength(1);
  });

  test('may be had for an endpoint that takes nothing now, and says so', async () => {
    const { id } = await create();
    await call('PATCH', `/v1/endpoints/${id}`, { status: 'paused' });
    expect(await recover(id)).toMatchObject({ endpointStatus: 'paused', state: 'running' });
  });

  test('ends with its endpoint, and is on record afterwards', async () => {
    const { id } = await create();
    const { id: job } = await recover(id);
    expect((await call('DELETE', `/v1/endpoints/${id}`)).status).toBe(204);
    const read = async () => (await call<RecoveryView>('GET', `/v1/recoveries/${job}`)).body;
    await eventually(async () => (await read()).state === 'cancelled', 'the recovery to be cancelled');
    expect(await read()).toMatchObject({ wanted: 'cancel', endpointStatus: 'deleted' });
    expect(await call('POST', `/v1/endpoints/${id}/recover`, { since: ago(DAY), only: 'all' })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });

  test('pages through all jobs, and through those of one endpoint', async () => {
    const { id } = await create();
    await recover((await create()).id);
    const jobs: string[] = [];
    for (let n = 0; n < 3; n++) jobs.unshift((await recover(id, { dryRun: true })).id);
    const first = await call<Page<RecoveryView>>('GET', `/v1/recoveries?endpointId=${id}&limit=2`);
    const next = `/v1/recoveries?endpointId=${id}&limit=2&cursor=${first.body.nextCursor}`;
    const second = await call<Page<RecoveryView>>('GET', next);
    expect([...first.body.data, ...second.body.data].map((job) => job.id)).toEqual(jobs);
    expect(second.body.nextCursor).toBeNull();
    const elsewhere = await call('GET', `/v1/recoveries?cursor=${first.body.nextCursor}`);
    expect(elsewhere.body.code).toBe('invalid_cursor');
    const all = await call<Page<RecoveryView>>('GET', '/v1/recoveries?limit=200');
    expect(new Set(all.body.data.map(({ endpointId }) => endpointId)).size).toBeGreaterThan(1);
  });
});

describe('wrong input', () => {
  const nothing = 'ep_01hf7yat00000000000000000z';
  const noJob = 'rec_01hf7yat00000000000000000z';
  const since = ago(DAY);
  const good = { since, only: 'failed' };

  test.each<[string, string, unknown, number, string, string | null]>([
    ['an endpoint that is not there', `/v1/endpoints/${nothing}/recover`, good, 404, 'not_found', null],
    ['an endpoint id that is none', '/v1/endpoints/rec_1/recover', good, 404, 'not_found', null],
    ['a job that is not there', `/v1/recoveries/${noJob}/cancel`, undefined, 404, 'not_found', null],
    ['a job id that is none', '/v1/recoveries/%00/pause', undefined, 404, 'not_found', null],
    ['an endpoint as a job', `/v1/recoveries/${nothing}/resume`, undefined, 404, 'not_found', null],
    ['no beginning', 'ep', { only: 'failed' }, 422, 'invalid_request', 'since'],
    ['no scope', 'ep', { since }, 422, 'invalid_request', 'only'],
    ['another scope', 'ep', { ...good, only: 'lost' }, 422, 'invalid_request', 'only'],
    ['a day', 'ep', { ...good, since: '2026-01-01' }, 422, 'invalid_request', 'since'],
    ['a future', 'ep', { ...good, since: ago(-DAY) }, 422, 'invalid_request', 'since'],
    ['36 days', 'ep', { ...good, since: ago(36 * DAY) }, 422, 'invalid_request', 'since'],
    ['an end in the future', 'ep', { ...good, until: ago(-DAY) }, 422, 'invalid_request', 'until'],
    ['an end before the beginning', 'ep', { ...good, until: ago(2 * DAY) }, 422, 'invalid_request', 'until'],
    ['an empty span', 'ep', { ...good, until: since }, 422, 'invalid_request', 'until'],
    ['a rate of nothing', 'ep', { ...good, perSecond: 0 }, 422, 'invalid_request', 'perSecond'],
    ['a rate beyond all', 'ep', { ...good, perSecond: 10_001 }, 422, 'invalid_request', 'perSecond'],
    ['no types', 'ep', { ...good, eventTypes: [] }, 422, 'invalid_request', 'eventTypes'],
    ['an unknown member', 'ep', { ...good, tenant: 'other' }, 422, 'invalid_request', 'tenant'],
    ['a timeout beyond the contract', 'endpoint', { timeoutMs: 30_001 }, 422, 'invalid_request', 'timeoutMs'],
    [
      'a rate of one’s own',
      'endpoint',
      { rateLimit: { perSecond: -1 } },
      422,
      'invalid_request',
      'rateLimit.perSecond',
    ],
    [
      'retries beyond the expiry',
      'endpoint',
      { retry: { delaysSeconds: [2_592_000, 1] } },
      422,
      'invalid_request',
      'retry.delaysSeconds',
    ],
    [
      'a filter with an unknown operator',
      'endpoint',
      { filter: { $or: [{ a: { $like: 'x' } }] } },
      422,
      'invalid_request',
      'filter.$or[0].a.$like',
    ],
    ['a start in the future', 'endpoint', { startFrom: ago(-DAY) }, 422, 'invalid_request', 'startFrom'],
    ['a start before all that is kept', 'endpoint', { startFrom: ago(36 * DAY) }, 422, 'invalid_request', 'startFrom'],
    ['a start at some time', 'endpoint', { startFrom: 'yesterday' }, 422, 'invalid_request', 'startFrom'],
  ])('%s', async (_, path, body, status, code, where) => {
    const answer =
      path === 'ep'
        ? await call('POST', `/v1/endpoints/${(await create()).id}/recover`, body)
        : path === 'endpoint'
          ? await call('POST', '/v1/endpoints', { url, eventTypes, ...(body as object) })
          : await call('POST', path, body);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    if (where !== null) expect(answer.body.errors?.map((error) => error.path)).toEqual([where]);
  });

  test.each<[string, number, string]>([
    [`/v1/recoveries/${noJob}`, 404, 'not_found'],
    ['/v1/recoveries/ep_1', 404, 'not_found'],
    ['/v1/recoveries?endpointId=x', 422, 'invalid_request'],
    ['/v1/recoveries?endpointId=%00', 422, 'invalid_request'],
    ['/v1/recoveries?cursor=abc', 422, 'invalid_cursor'],
    ['/v1/recoveries?state=done', 422, 'invalid_request'],
  ])('GET %s', async (path, status, code) => {
    const answer = await call('GET', path);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });
});

test('each call needs its scope, and another tenant finds nothing', async () => {
  const { id } = await create();
  const { id: job } = await recover(id);
  const stranger = await keyOf('other', ['admin']);
  const asked = { since: ago(DAY), only: 'failed' };
  const routes: Array<[string, string, unknown, Scope]> = [
    ['POST', `/v1/endpoints/${id}/recover`, asked, 'webhooks:write'],
    ['GET', `/v1/recoveries/${job}`, undefined, 'webhooks:read'],
    ['POST', `/v1/recoveries/${job}/pause`, undefined, 'webhooks:write'],
    ['POST', `/v1/recoveries/${job}/resume`, undefined, 'webhooks:write'],
    ['POST', `/v1/recoveries/${job}/cancel`, undefined, 'webhooks:write'],
  ];
  const all: Scope[] = ['webhooks:read', 'webhooks:write', 'deliveries:read', 'deliveries:write', 'events:write'];
  for (const [method, path, body, scope] of routes) {
    const without = await keyOf(
      'default',
      all.filter((other) => other !== scope),
    );
    const statuses = [];
    for (const key of ['mr_none_x', without, stranger]) statuses.push((await call(method, path, body, {}, key)).status);
    expect([method, path, statuses]).toEqual([method, path, [401, 403, 404]]);
  }
  expect((await call('GET', '/v1/recoveries', undefined, {}, stranger)).body).toEqual({ data: [], nextCursor: null });
  expect((await call('GET', `/v1/recoveries?endpointId=${id}`, undefined, {}, stranger)).body).toEqual({
    data: [],
    nextCursor: null,
  });
  const writer = await keyOf('default', ['webhooks:write']);
  expect((await call('GET', '/v1/recoveries', undefined, {}, writer)).status).toBe(403);
  expect(engine.of(job)).toHaveLength(1);
  const reader = await keyOf('default', ['webhooks:read']);
  expect((await call('GET', `/v1/recoveries/${job}`, undefined, {}, reader)).status).toBe(200);
});

test('an endpoint that begins in the past has its recovery in the topic when it is answered', async () => {
  const startFrom = ago(3 * DAY);
  const created = await create({ startFrom });
  expect(created.startFrom).toEqual({ recoveryId: expect.stringMatching(/^rec_/), since: startFrom });
  const { recoveryId } = created.startFrom!;
  await eventually(() => engine.of(recoveryId).length === 1, 'the order of the recovery');
  expect(engine.of(recoveryId)[0]).toMatchObject({
    endpointId: created.id,
    only: 'missing',
    since: Date.parse(startFrom),
    eventTypes: null,
    dryRun: false,
  });
  expect((await call('GET', `/v1/recoveries/${recoveryId}`)).body).toMatchObject({ endpointId: created.id });
  expect(created).not.toHaveProperty('recovery');
  expect((await create({ startFrom: 'now' })).startFrom).toBeNull();
  expect((await create()).startFrom).toBeNull();
});

test('the settings of an endpoint are stored, shown, changed and taken away again', async () => {
  const given = {
    ordering: 'key',
    rateLimit: { perSecond: 0.5 },
    retry: { delaysSeconds: [1.5, 60], jitter: 0 },
    timeoutMs: 30_000,
    filter: { $or: [{ 'machine.site': 'x' }, { '@subject': { $in: ['a', 'b'] } }], weight: { $gt: 5 } },
  };
  const created = await create(given);
  const shown = { ...given, rateLimit: { perSecond: 0.5, burst: 1 } };
  expect(created).toMatchObject(shown);
  const read = async () => (await call<EndpointView>('GET', `/v1/endpoints/${created.id}`)).body;
  expect(await read()).toMatchObject(shown);
  const patch = (changes: object) => call<ChangedEndpointView>('PATCH', `/v1/endpoints/${created.id}`, changes);
  const changes = {
    ordering: 'strict',
    rateLimit: { perSecond: 10, burst: 100 },
    retry: { delaysSeconds: [], jitter: 0.1 },
  };
  expect((await patch(changes)).body).toMatchObject({ ...shown, ...changes, version: 2, recovery: null });
  const none = { ordering: 'none', rateLimit: null, retry: null, timeoutMs: null, filter: null };
  expect((await patch(none)).body).toMatchObject(none);
  expect(await read()).toMatchObject({ ...none, version: 3 });
  expect((await patch({ timeoutMs: 30_001 })).body).toMatchObject({ code: 'invalid_request' });
  expect((await patch({ startFrom: ago(DAY) })).body).toMatchObject({ code: 'invalid_request' });
});

describe('how an endpoint does', () => {
  const read = async (id: string) => (await call<EndpointView>('GET', `/v1/endpoints/${id}`)).body;
  const tell = (endpointId: string, state: object, parked: number) =>
    producer.send([
      encodeEndpointHealth(topics.endpointHealth, {
        v: 1,
        ...{ endpointId, tenant: 'default', state, parked, sequence: 1, lastEventId: null, at: Date.now() },
      }),
    ]);
  const since = Date.now() - 60_000;
  const down = {
    ...{ kind: 'down', reason: 'transport', since, probeAt: since + 90_000, intervalMs: 30_000 },
    ...{ probing: null, failedProbes: 1, disabling: { failures: 0, alerted: 0 } },
  };

  test('is in its view, with why, since when and through whom', async () => {
    const created = await create();
    const active = {
      status: 'active',
      statusReason: null,
      statusSince: created.createdAt,
      parked: 0,
      nextProbeAt: null,
    };
    expect(created).toMatchObject(active);
    expect(created.statusBy).toEqual(expect.any(String));
    const asDown = {
      status: 'down',
      statusReason: 'transport',
      statusSince: new Date(since).toISOString(),
      statusBy: 'millrace',
      parked: 12,
      nextProbeAt: new Date(since + 90_000).toISOString(),
    };
    await producer.send([{ topic: topics.endpointHealth, key: created.id, value: Buffer.from('{}'), headers: {} }]);
    await tell(created.id, down, 12);
    await eventually(async () => (await read(created.id)).status === 'down', 'the endpoint to be shown as down');
    expect(await read(created.id)).toMatchObject(asDown);
    const { body: page } = await call<Page<EndpointView>>('GET', '/v1/endpoints?limit=1');
    expect(page.data).toEqual([expect.objectContaining({ id: created.id, ...asDown })]);
    expect(await recover(created.id)).toMatchObject({ endpointStatus: 'down' });

    const tried = await call<ChangedEndpointView>('PATCH', `/v1/endpoints/${created.id}`, { status: 'active' });
    expect(tried.body).toMatchObject({ version: 2, status: 'down', recovery: null });

    const { body: paused } = await call<EndpointView>('PATCH', `/v1/endpoints/${created.id}`, { status: 'paused' });
    expect(paused).toMatchObject({ status: 'paused', statusReason: null, statusBy: created.statusBy, parked: 12 });
    expect(Date.parse(paused.statusSince)).toBeGreaterThanOrEqual(Date.parse(created.createdAt));
    await call('PATCH', `/v1/endpoints/${created.id}`, { status: 'active' });
    await tell(created.id, HEALTHY, 0);
    await eventually(async () => (await read(created.id)).status === 'active', 'the endpoint to be shown as up');
    expect(await read(created.id)).toMatchObject({ parked: 0, nextProbeAt: null, statusBy: created.statusBy });
  });

  test('is known again after a restart', async () => {
    const { id } = await create();
    await tell(id, down, 3);
    await eventually(async () => (await read(id)).status === 'down', 'the endpoint to be shown as down');
    await service.stop();
    await service.startAgain();
    await service.waitReady(60_000);
    expect(await read(id)).toMatchObject({ status: 'down', parked: 3 });
  });
});

test('nothing of all this was an error of ours', () => {
  const errors = service.logs().filter(({ level }) => level === 'error' || level === 'fatal');
  // a broker that has just begun loads its groups
  expect(errors.filter(({ name }) => name !== 'GROUP_LOAD_IN_PROGRESS')).toEqual([]);
});
