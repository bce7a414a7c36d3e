import { type DeliveryFact, encodeEvent, type Page } from '@millrace/protocol';
import { eventually, isolatedEnvironment, type TestEnvironment } from '@millrace/test-environment';
import { HistorySite } from '../../test/history-site';
import {
  createdFact,
  endedFact,
  finishedFact,
  parkedFact,
  sampleEvent,
  startedFact,
} from '../projector/sample-log.fixture';

jest.setTimeout(120_000);

let environment: TestEnvironment;
let site: HistorySite;
/** All of a tenant whose key sees them. */
let key: string;

// biome-ignore lint/suspicious/noExplicitAny: four APIs, each with its own shapes
const get = async (path: string, as = key) => (await site.get<any>(path, as)) as { status: number; body: any };

/** A delivery of an event under a contract, with so many failed attempts. */
const life = async (
  name: string,
  contract: string,
  options: {
    readonly type: string;
    readonly data?: string;
    readonly statuses?: readonly number[];
    readonly endpointId?: string;
    readonly variant?: string | null;
    readonly more?: (created: ReturnType<typeof createdFact>, at: number) => DeliveryFact[];
  },
) => {
  const { type, data = '{}', statuses = [], endpointId = `ep_${contract}`, variant = null, more } = options;
  const at = Date.now();
  const event = sampleEvent(name, { type, data, time: new Date(at).toISOString() });
  await site.producer.send([encodeEvent(site.names.events('mes'), event)]);
  await eventually(
    async () => (await get(`/v1/event-log/${event.id}`)).status === 200 || null,
    `${name} is in the log`,
  );
  const created = createdFact(event, endpointId, at, contract, variant);
  const facts: DeliveryFact[] = [created];
  for (const [index, status] of statuses.entries()) {
    const started = startedFact(created, index + 1, at + 10 + index);
    facts.push(
      started,
      finishedFact(
        started,
        status,
        status === 200 ? { kind: 'succeeded' } : { kind: 'retry', nextAttemptAt: at + 86_400_000 },
      ),
    );
  }
  await site.publish([...facts, ...(more?.(created, at) ?? [])]);
  await eventually(async () => {
    const { body } = await get(`/v1/deliveries/${created.deliveryId}`);
    return body.attempts?.length === statuses.length || null;
  }, `${name} is in the history`);
  return { id: created.deliveryId, event };
};

beforeAll(async () => {
  environment = await isolatedEnvironment();
  site = await HistorySite.start(environment, eventually);
  key = (await site.newKey('default', ['deliveries:read', 'deliveries:write'])).text;
});
afterAll(async () => {
  await site?.stop();
  await environment?.close();
});

describe('PROIGN', () => {
  test('the deliveries of a subscription, and of no other', async () => {
    const mine = await life('p-1', 'proign', { type: 'order.shipped', statuses: [503, 200], endpointId: 'ep_p1' });
    await life('p-2', 'proign', { type: 'order.shipped', endpointId: 'ep_p2' });
    await life('p-3', 'mes', { type: 'work_order.created', endpointId: 'ep_p1' });
    const { body } = await get('/api/default/subscriptions/ep_p1/deliveries');
    expect(body).toEqual({
      data: [
        {
          id: mine.id,
          event_id: mine.event.id,
          event_type: 'order.shipped',
          status: 'succeeded',
          attempts: 2,
          last_outcome: 'success',
          next_attempt_at: null,
          created_at: expect.any(String),
          completed_at: expect.any(String),
        },
      ],
      nextCursor: null,
    });
    for (const id of ['%00', 'ep_A', 'sub_1'])
      expect(await get(`/api/default/subscriptions/${id}/deliveries`)).toMatchObject({ status: 404 });
    expect(await get('/api/acme/subscriptions/ep_p1/deliveries')).toMatchObject({ status: 404 });
    expect(await get('/api/default/subscriptions/ep_p1/deliveries?limit=0')).toMatchObject({ status: 422 });
  });
});

describe('eClips', () => {
  test('recent attempts with their HTTP status, for a key that may read agents', async () => {
    const failed = await life('e-1', 'eclips', {
      type: 'run.failed',
      statuses: [503],
      endpointId: 'ep_runs.aHR0cHM6Ly9hLmV4YW1wbGU',
    });
    await life('e-2', 'eclips', { type: 'run.completed' });
    const { body } = await get('/v1/webhooks/deliveries?event=run.failed');
    expect(body.data).toMatchObject([
      {
        id: failed.id,
        webhook_id: 'ep_runs.aHR0cHM6Ly9hLmV4YW1wbGU',
        http_status: 503,
        outcome: 'http_503',
        attempts: 1,
      },
    ]);
    expect((await get('/v1/webhooks/deliveries')).body.data).toHaveLength(2);
    expect((await get('/v1/webhooks/deliveries?webhook_id=ep_eclips')).body.data).toHaveLength(1);
    const events = (await site.newKey('default', ['events:write'])).text;
    expect(await get('/v1/webhooks/deliveries', events)).toMatchObject({
      status: 403,
      body: { error: 'Insufficient scope', required: ['agents:read'], provided: ['events:write'] },
    });
    expect(await get('/v1/webhooks/deliveries?status=lost')).toMatchObject({ status: 422 });
  });
});

describe('MES', () => {
  test('logs by endpoint and by event type; five failures show as failing', async () => {
    const data = '{"workOrder":{"id":"wo-123"}}';
    const failing = await life('m-1', 'mes', {
      type: 'work_order.completed',
      data,
      statuses: [500, 500, 429, 500, 500],
    });
    const retrying = await life('m-2', 'mes', { type: 'operation.started', statuses: [500] });
    const pending = await life('m-3', 'mes', { type: 'operation.started' });
    const parked = await life('m-4', 'mes', {
      type: 'operation.started',
      more: (created, at) => [parkedFact(created, { at: at + 1 })],
    });
    const list = await get('/api/v2/webhooks/logs?endpointId=ep_mes');
    const status = new Map(list.body.data.map((each: { id: string; status: string }) => [each.id, each.status]));
    expect([failing, retrying, pending, parked].map(({ id }) => status.get(id))).toEqual([
      'failing',
      'retrying',
      'pending',
      expect.stringMatching(/pending|parked/),
    ]);
    const first = (await get('/api/v2/webhooks/logs?eventType=operation.started&limit=2')).body as Page<{ id: string }>;
    const rest = (await get(`/api/v2/webhooks/logs?eventType=operation.started&limit=2&cursor=${first.nextCursor}`))
      .body;
    expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual([parked.id, pending.id, retrying.id]);
    const { body } = await get(`/api/v2/webhooks/logs/${failing.id}`);
    expect(JSON.parse(body.payload)).toMatchObject({ id: failing.event.id, type: 'work_order.completed' });
    expect(body.payload).toContain(`"data":${data}`);
    expect(
      body.history.map(({ attempt, outcome }: { attempt: number; outcome: string }) => [attempt, outcome]),
    ).toEqual([
      [1, 'http_500'],
      [2, 'http_500'],
      [3, 'http_429'],
      [4, 'http_500'],
      [5, 'http_500'],
    ]);
    expect(JSON.parse((await get(`/api/v2/webhooks/logs/${pending.id}`)).body.payload)).toMatchObject({
      id: pending.event.id,
    });
    expect(body.history[0].response).toEqual({ status: 500, body: 'answer' });
  });

  test('no other contract’s delivery is in its logs', async () => {
    const other = await life('m-5', 'standard', { type: 'machine.alarm' });
    expect(await get(`/api/v2/webhooks/logs/${other.id}`)).toMatchObject({ status: 404 });
    expect(await get('/api/v2/webhooks/logs/none')).toMatchObject({ status: 404 });
    expect(await get('/api/v2/webhooks/logs?colour=red')).toMatchObject({ status: 422 });
  });
});

describe('Eclipse', () => {
  const data =
    '{"JobId":"Jobs/12345","BundleCode":"12345-01","EndTime":"2026-02-17T09:30:00","ProducedLengthIn":14400.0}';

  test('export events with their bundle, and an activity log', async () => {
    const sent = await life('x-1', 'eclipse', {
      type: 'bundle.completed',
      data,
      statuses: [500, 200],
      endpointId: 'ep_01x',
    });
    const { body } = await get('/v1/export-events?exportId=ex_01x');
    expect(body.data).toMatchObject([
      {
        id: sent.id,
        exportId: 'ex_01x',
        bundle: { BundleCode: '12345-01', JobId: 'Jobs/12345', EndTime: '2026-02-17T09:30:00' },
        status: 'succeeded',
        attempts: 2,
      },
    ]);
    const detail = (await get(`/v1/export-events/${sent.id}`)).body;
    expect(detail.bundle.BundleCode).toBe('12345-01');
    expect(detail.activity.map(({ message }: { message: string }) => message)).toEqual([
      'Queued.',
      'The endpoint answered 500.',
      'Delivered: the endpoint answered 200.',
    ]);
    expect(await get(`/v1/export-events/${sent.id.replace(/^./, '1')}`)).toMatchObject({ status: 404 });
  });

  test('a bundle that waits is shown before its first attempt', async () => {
    const { id } = await life('x-5', 'eclipse', { type: 'bundle.completed', data });
    expect((await get(`/v1/export-events/${id}`)).body).toMatchObject({
      bundle: { BundleCode: '12345-01' },
      attempts: 0,
    });
  });

  test('retry and cancel of single events, where their state allows it', async () => {
    const open = await life('x-2', 'eclipse', { type: 'bundle.completed', data, statuses: [500] });
    const ended = await life('x-3', 'eclipse', {
      type: 'bundle.completed',
      data: '[]',
      more: (created, at) => [endedFact(created, { at: at + 5, status: 'expired', reason: 'expired' })],
    });
    const post = (path: string, body?: unknown) => site.post<{ code: string }>(path, body, key);
    expect(await post(`/v1/export-events/${open.id}/retry`)).toMatchObject({ status: 202 });
    expect(await post(`/v1/export-events/${open.id}/cancel`)).toMatchObject({ status: 202 });
    await site.deliveryIs(ended.id, 'expired', key);
    expect(await post(`/v1/export-events/${ended.id}/retry`)).toMatchObject({
      status: 409,
      body: { code: 'delivery_expired' },
    });
    expect(await post(`/v1/export-events/${ended.id}/retry`, { force: true })).toMatchObject({ status: 422 });
    expect(
      await post(`/v1/export-events/${ended.id}/retry`, { force: true, reason: 'the ERP was away' }),
    ).toMatchObject({
      status: 202,
    });
    const kinds = (await site.commandsFor(open.id, ended.id)).map(({ command }) => command.kind).sort();
    expect(kinds).toEqual(['cancel', 'retry', 'retry']);
    const detail = (await get(`/v1/export-events/${ended.id}`)).body;
    expect(detail.bundle).toBeNull();
    expect(detail.activity.at(-1).message).toContain('older than 30 days');
    const other = await life('x-4', 'mes', { type: 'operation.started' });
    expect(await post(`/v1/export-events/${other.id}/cancel`)).toMatchObject({ status: 404 });
  });
});

test('a body that shows an option of its endpoint is made again as it was', async () => {
  const { id } = await life('n-1', 'nentropy', {
    type: 'supplier.created',
    data: '{"externalId":"V-1","n":1.0}',
    statuses: [200],
    variant: 'int_1',
  });
  const { body } = await get(`/v1/deliveries/${id}`);
  expect(body.attempts[0].request.body).toContain('"integrationId":"int_1","data":{"externalId":"V-1","n":1.0}}');
  expect((await get('/v1/deliveries?contract=nentropy')).body.data).toMatchObject([{ id }]);
});
