import { createHash, randomBytes } from 'node:crypto';
import { DEFAULT_OPTIONS, type Endpoint, openHeaders, openSecret } from '@millrace/domain';
import { type DurableProducer, KafkaConnection } from '@millrace/kafka';
import {
  decodeDelivery,
  decodeEndpoint,
  EVENT_MODULES,
  encodeApiKey,
  type IncomingMessage,
  type Scope,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { ServiceProcess, serviceVariables, testEnvironment } from '@millrace/test-environment';

jest.setTimeout(120_000);

const PARTITIONS = 2;
const adminKey = `mr_admin1_${randomBytes(24).toString('hex')}`;
const encryptionKey = randomBytes(32);
const url = 'https://your-app.example.com/webhooks';

let service: ServiceProcess;
let kafka: KafkaConnection;
let producer: DurableProducer;
let topics: TopicNames;
/** Every secret that an answer has shown: no topic and no log may have one. */
const shown: string[] = [];

interface Answer {
  readonly status: number;
  readonly type: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: six APIs, each with its own shapes
  readonly body: any;
}

const call = async (
  method: string,
  path: string,
  body?: unknown,
  key = adminKey,
  headers: object = {},
): Promise<Answer> => {
  const answer = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  const parsed = text === '' ? null : JSON.parse(text);
  if (typeof parsed?.secret === 'string') shown.push(parsed.secret);
  return { status: answer.status, type: answer.headers.get('content-type'), body: parsed };
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

const recordsOf = async (topic: string): Promise<IncomingMessage[]> => {
  const records: IncomingMessage[] = [];
  for (const partition of (await kafka.endOffsets(topic)).keys())
    await kafka.readRange({ topic, partition, from: 0n, onMessage: (message) => void records.push(message) });
  return records;
};

/** The endpoint as Kafka has it last; null when it was deleted. */
const published = async (id: string): Promise<Endpoint | null> => {
  const change = (await recordsOf(topics.endpoints))
    .filter(({ key }) => key?.toString() === id)
    .map(decodeEndpoint)
    .at(-1);
  return change?.kind === 'put' ? change.endpoint : null;
};

const secretIn = ({ id, tenant, secrets: [secret] }: Endpoint): string =>
  openSecret(encryptionKey, { tenant, owner: id, secretId: secret!.id }, secret!.sealed);

beforeAll(async () => {
  const environment = await testEnvironment();
  const prefix = environment.freshPrefix();
  topics = topicNames(prefix);
  kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'test', logger: silentLogger });
  await kafka.provisionTopics(
    topicSpecs({ prefix, partitions: PARTITIONS, replicationFactor: 1, modules: EVENT_MODULES }),
    1,
  );
  producer = kafka.producer('test');
  service = await ServiceProcess.start('subscription', {
    variables: {
      ...serviceVariables({
        brokers: environment.brokers,
        databaseUrl: await environment.freshDatabase(),
        prefix,
        adminKey,
        encryptionKey: encryptionKey.toString('base64'),
        partitions: PARTITIONS,
      }),
      MILLRACE_INSECURE_ENDPOINTS: 'deny',
      LOG_LEVEL: 'debug',
    },
  });
  await service.waitReady(60_000);
});
afterAll(async () => {
  await service?.stop();
  await producer?.close();
  await kafka?.close();
});

describe('eClips', () => {
  const events = ['run.completed', 'run.failed', 'run.triage_required'];

  test('a webhook is registered, listed without its secret, and deleted', async () => {
    const made = await call('POST', '/v1/webhooks', { url, events });
    expect(made).toMatchObject({ status: 201, body: { url, events } });
    expect(Object.keys(made.body).sort()).toEqual(['created_at', 'events', 'id', 'secret', 'url']);
    const endpoint = (await published(made.body.id))!;
    expect(endpoint).toMatchObject({ contract: 'eclips', url, eventTypes: events, status: 'active' });
    expect(secretIn(endpoint)).toBe(made.body.secret);
    const second = await call('POST', '/v1/webhooks', { url, events: ['run.failed'] });
    const list = await call('GET', '/v1/webhooks?limit=1&offset=1');
    expect(list.body).toEqual({
      data: [{ id: made.body.id, url, events, created_at: made.body.created_at }],
      total: 2,
      limit: 1,
      offset: 1,
    });
    expect(await call('DELETE', `/v1/webhooks/${made.body.id}`)).toMatchObject({ status: 204 });
    expect(await call('DELETE', `/v1/webhooks/${made.body.id}`)).toMatchObject({ status: 404 });
    expect(await published(made.body.id)).toBeNull();
    await call('DELETE', `/v1/webhooks/${second.body.id}`);
  });

  test('a key without the scope is refused in the shape of its documents', async () => {
    const key = await keyOf('default', ['webhooks:read']);
    expect(await call('POST', '/v1/webhooks', { url, events }, key)).toEqual({
      status: 403,
      type: 'application/json',
      body: { error: 'Insufficient scope', required: ['webhooks:write'], provided: ['webhooks:read'] },
    });
  });

  test('a tenant has one run secret, shown once', async () => {
    const made = await call('POST', '/v1/webhooks/run-secret');
    expect(made).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/) } });
    expect(await call('POST', '/v1/webhooks/run-secret')).toMatchObject({ status: 409 });
    const [endpoint] = (await recordsOf(topics.endpoints))
      .map(decodeEndpoint)
      .flatMap((change) => (change.kind === 'put' && change.endpoint.runUrls ? [change.endpoint] : []));
    expect(endpoint).toMatchObject({ contract: 'eclips', eventTypes: [], runUrls: true });
    expect(secretIn(endpoint!)).toBe(made.body.secret);
    // It is no webhook that anybody lists, changes or deletes.
    expect(JSON.stringify((await call('GET', '/v1/endpoints')).body)).not.toContain(endpoint!.id);
    expect(JSON.stringify((await call('GET', '/v1/webhooks')).body)).not.toContain(endpoint!.id);
    for (const [method, path] of [
      ['GET', `/v1/endpoints/${endpoint!.id}`],
      ['DELETE', `/v1/endpoints/${endpoint!.id}`],
      ['DELETE', `/v1/webhooks/${endpoint!.id}`],
    ] as const)
      expect(await call(method, path)).toMatchObject({ status: 404 });
    expect(await call('DELETE', '/v1/webhooks/run-secret')).toMatchObject({ status: 204 });
    expect(await call('DELETE', '/v1/webhooks/run-secret')).toMatchObject({ status: 404 });
    expect(await call('POST', '/v1/webhooks/run-secret')).toMatchObject({ status: 201 });
  });
});

describe('PROIGN', () => {
  const subscription = {
    event_type: 'order.shipped',
    target_module: 'external',
    webhook_url: url,
    secret: 'your-webhook-secret',
    filter: { shipping_method: 'express', '@odd': 1, '$odd.a': null },
  };

  test('a subscription is made with the secret that its client brings', async () => {
    const made = await call('POST', '/api/default/subscriptions', subscription);
    const { secret, ...rest } = subscription;
    expect(made).toMatchObject({ status: 201, body: { ...rest, tenant_id: 'default', active: true } });
    expect(JSON.stringify(made.body)).not.toContain(secret);
    shown.push(secret);
    const endpoint = (await published(made.body.id))!;
    expect(endpoint).toMatchObject({
      contract: 'proign',
      url,
      eventTypes: ['order.shipped'],
      filter: { shipping_method: 'express', '@@odd': 1, '$$odd.a': null },
    });
    expect(secretIn(endpoint)).toBe(secret);
    expect((await call('GET', `/api/default/subscriptions/${made.body.id}`)).body).toEqual(made.body);
    expect((await call('GET', '/api/default/subscriptions')).body).toEqual({ data: [made.body], nextCursor: null });
    expect(await call('DELETE', `/api/default/subscriptions/${made.body.id}`)).toMatchObject({ status: 204 });
  });

  test('a test event carries the example of its type', async () => {
    const { body } = await call('POST', '/api/default/subscriptions', { ...subscription, filter: undefined });
    const sent = await call('POST', `/api/default/subscriptions/${body.id}/test`);
    expect(sent).toMatchObject({ status: 202, body: { delivery_id: expect.any(String) } });
    const delivery = (await recordsOf(topics.deliveries))
      .map(decodeDelivery)
      .find((each) => each?.task.deliveryId === sent.body.delivery_id);
    const { data: catalogue } = (await call('GET', '/v1/event-types?limit=200')).body;
    const { example } = catalogue.find(({ name }: { name: string }) => name === 'order.shipped');
    expect(JSON.parse(delivery!.body.toString())).toMatchObject({
      type: 'order.shipped',
      tenant_id: 'default',
      data: example,
    });
  });

  test('another tenant in the path is not there, whoever asks', async () => {
    const { body } = await call('POST', '/api/default/subscriptions', subscription);
    const key = await keyOf('acme', ['webhooks:read', 'webhooks:write']);
    for (const [method, path, sent] of [
      ['POST', '/api/acme/subscriptions', subscription],
      ['GET', '/api/acme/subscriptions', undefined],
      ['GET', `/api/acme/subscriptions/${body.id}`, undefined],
      ['DELETE', `/api/acme/subscriptions/${body.id}`, undefined],
      ['POST', `/api/acme/subscriptions/${body.id}/test`, undefined],
    ] as const)
      expect(await call(method, path, sent)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await call('GET', `/api/acme/subscriptions/${body.id}`, undefined, key)).toMatchObject({ status: 404 });
    expect(await call('GET', `/api/default/subscriptions/${body.id}`, undefined, key)).toMatchObject({ status: 404 });
  });
});

describe('MES', () => {
  const events = ['work_order.created', 'work_order.completed'];

  test('an endpoint is made, changed, paused and deleted', async () => {
    const made = await call('POST', '/api/v2/webhooks/endpoints', { url, events, active: true });
    expect(made).toMatchObject({ status: 201, body: { url, events, active: true, secret: expect.any(String) } });
    const { secret, ...view } = made.body;
    const path = `/api/v2/webhooks/endpoints/${view.id}`;
    expect((await call('GET', path)).body).toEqual(view);
    expect((await call('GET', '/api/v2/webhooks/endpoints')).body.data).toContainEqual(view);
    const changed = await call('PATCH', path, { active: false, events: ['operation.started'], url: `${url}/2` });
    expect(changed.body).toMatchObject({ active: false, events: ['operation.started'], url: `${url}/2` });
    expect(await published(view.id)).toMatchObject({ contract: 'mes', status: 'paused', url: `${url}/2` });
    expect((await call('PATCH', path, { active: true })).body.active).toBe(true);
    expect(await call('DELETE', path)).toMatchObject({ status: 204 });
    expect(await call('GET', path)).toMatchObject({ status: 404 });
  });

  test('one that is made inactive gets nothing until it is active', async () => {
    const made = await call('POST', '/api/v2/webhooks/endpoints', { url, events, active: false });
    expect(made.body.active).toBe(false);
    expect((await published(made.body.id))?.status).toBe('paused');
  });

  test('its secret is revealed behind its own scope, and who asked is on record', async () => {
    const { body } = await call('POST', '/api/v2/webhooks/endpoints', { url, events });
    const path = `/api/v2/webhooks/endpoints/${body.id}/secret`;
    const without = await keyOf('default', ['webhooks:read', 'webhooks:write']);
    expect(await call('GET', path, undefined, without)).toMatchObject({ status: 403 });
    const key = await keyOf('default', ['secrets:reveal']);
    expect(await call('GET', path, undefined, key)).toMatchObject({ status: 200, body: { secret: body.secret } });
    const { data } = (await call('GET', '/v1/audit-log')).body;
    const entries = data.filter(({ object }: { object: string }) => object === body.id);
    expect(entries).toEqual([
      {
        id: expect.stringMatching(/^au_/),
        at: expect.any(String),
        actor: key.split('_')[1],
        action: 'secret.revealed',
        object: body.id,
      },
    ]);
    expect(await call('GET', '/v1/audit-log', undefined, key)).toMatchObject({ status: 403 });
    // No other contract's secret is shown through it.
    const other = await call('POST', '/v1/endpoints', { url, eventTypes: ['*'] });
    expect(await call('GET', `/api/v2/webhooks/endpoints/${other.body.id}/secret`)).toMatchObject({ status: 404 });
  });

  test('a test event is of the type that is picked, and its payload is shown', async () => {
    const { body } = await call('POST', '/api/v2/webhooks/endpoints', { url, events });
    const sent = await call('POST', `/api/v2/webhooks/endpoints/${body.id}/test`, { eventType: 'quality.ncr_created' });
    expect(sent).toMatchObject({ status: 202, body: { payload: { type: 'quality.ncr_created' } } });
    const delivery = (await recordsOf(topics.deliveries))
      .map(decodeDelivery)
      .find((each) => each?.task.deliveryId === sent.body.deliveryId);
    expect(delivery!.body.toString()).toBe(JSON.stringify(sent.body.payload));
  });
});

describe("N'entropy", () => {
  const events = ['supplier.created', 'supplier.updated', 'sync.completed'];

  test('a webhook is registered under an id of its own kind, changed and deleted', async () => {
    const made = await call('POST', '/api/v1/integration/webhook-events', { url, events });
    expect(made).toMatchObject({
      status: 201,
      body: { id: expect.stringMatching(/^wh_/), url, events, active: true, secret: expect.stringMatching(/^whsec_/) },
    });
    const endpointId = made.body.id.replace('wh_', 'ep_');
    expect(await published(endpointId)).toMatchObject({ contract: 'nentropy', options: DEFAULT_OPTIONS });
    const path = `/api/v1/integration/webhook-events/${made.body.id}`;
    const { secret, ...view } = made.body;
    expect((await call('GET', path)).body).toEqual(view);
    expect((await call('GET', '/api/v1/integration/webhook-events')).body.data).toEqual([view]);
    expect((await call('PATCH', path, { active: false })).body).toMatchObject({ active: false, recovery: null });
    expect((await call('PATCH', path, { active: true })).body.active).toBe(true);
    expect(await call('GET', `/api/v1/integration/webhook-events/${endpointId}`)).toMatchObject({ status: 404 });
    expect(await call('DELETE', path)).toMatchObject({ status: 204 });
  });
});

describe('Eclipse', () => {
  const connection = { name: 'ERP', baseUrl: `${url}/bundle-complete`, bearerToken: 'token-of-the-plant' };

  test('a connection and an export configuration make the endpoint; a change of the first moves it', async () => {
    const made = await call('POST', '/v1/connections', { ...connection, connectionType: 'API Connection' });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'ERP', connectionType: 'API Connection', baseUrl: connection.baseUrl, hasBearerToken: true },
    });
    expect(JSON.stringify(made.body)).not.toContain('token-of-the-plant');
    shown.push('token-of-the-plant', 'another-token');
    const exported = await call('POST', '/v1/exports', {
      implementation: 'Bundle Complete Webhook',
      connectionId: made.body.id,
    });
    expect(exported).toMatchObject({
      status: 201,
      body: { implementation: 'Bundle Complete Webhook', connectionId: made.body.id, active: true, status: 'active' },
    });
    const { endpointId } = exported.body;
    const headersOf = (endpoint: Endpoint) =>
      openHeaders(encryptionKey, { tenant: 'default', endpointId: endpoint.id }, endpoint.headers);
    const endpoint = (await published(endpointId))!;
    expect(endpoint).toMatchObject({ contract: 'eclipse', url: connection.baseUrl, eventTypes: ['bundle.completed'] });
    expect(headersOf(endpoint)).toEqual({ Authorization: 'Bearer token-of-the-plant' });
    expect((await call('GET', `/v1/endpoints/${endpointId}`)).body.headers).toEqual({ Authorization: '***' });
    expect((await call('GET', `/v1/exports/${exported.body.id}`)).body).toMatchObject({ queued: 0, nextProbeAt: null });
    expect((await call('GET', '/v1/exports')).body.data).toHaveLength(1);

    const path = `/v1/connections/${made.body.id}`;
    await call('PATCH', path, { baseUrl: `${url}/moved`, bearerToken: 'another-token' });
    const moved = (await published(endpointId))!;
    expect(moved.url).toBe(`${url}/moved`);
    expect(headersOf(moved)).toEqual({ Authorization: 'Bearer another-token' });
    expect((await call('PATCH', path, { bearerToken: null })).body.hasBearerToken).toBe(false);
    expect((await published(endpointId))!.headers).toEqual({});
    expect((await call('PATCH', path, { name: 'ERP 2' })).body).toMatchObject({
      name: 'ERP 2',
      baseUrl: `${url}/moved`,
    });
    expect((await call('GET', path)).body.name).toBe('ERP 2');
    expect((await call('GET', '/v1/connections')).body.data).toHaveLength(1);

    const again = { implementation: 'Bundle Complete Webhook', connectionId: made.body.id };
    expect(await call('POST', '/v1/exports', again)).toMatchObject({ status: 409 });
    expect(await call('PATCH', `/v1/endpoints/${endpointId}`, { url })).toMatchObject({ status: 409 });
    expect(await call('DELETE', path)).toMatchObject({ status: 409 });
    expect((await call('PATCH', `/v1/exports/${exported.body.id}`, { active: false })).body).toMatchObject({
      active: false,
      status: 'paused',
    });
    expect(await call('DELETE', `/v1/exports/${exported.body.id}`)).toMatchObject({ status: 204 });
    expect(await call('DELETE', path)).toMatchObject({ status: 204 });
    expect(await call('GET', path)).toMatchObject({ status: 404 });
  });
});

describe('an endpoint of one contract', () => {
  const change = (id: string, body: object) => call('PATCH', `/v1/endpoints/${id}`, body);

  test('does not show its secret by becoming one of the MES', async () => {
    const made = await call('POST', '/api/default/subscriptions', {
      event_type: 'order.shipped',
      target_module: 'external',
      webhook_url: url,
      secret: 'proign-client-secret',
    });
    shown.push('proign-client-secret');
    expect(await change(made.body.id, { contract: 'mes' })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'secret' }] },
    });
    expect((await change(made.body.id, { contract: 'mes', secret: 'another-client-secret' })).status).toBe(200);
    shown.push('another-client-secret');
    const revealed = await call('GET', `/api/v2/webhooks/endpoints/${made.body.id}/secret`);
    expect(revealed.body).toEqual({ secret: 'another-client-secret' });
  });

  test.each([
    [
      'standard',
      'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
      'proign',
    ],
    ['proign', 'your-webhook-secret', 'standard'],
  ])('under %s keeps no secret that another contract cannot sign with', async (contract, secret, other) => {
    const { body } = await call('POST', '/v1/endpoints', { url, eventTypes: ['*'], contract, secret });
    shown.push(secret);
    expect(await change(body.id, { contract: other })).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'secret' }] },
    });
    expect((await change(body.id, { contract: 'nentropy', secret: 'made-for-nentropy' })).status).toBe(200);
    shown.push('made-for-nentropy');
  });

  test('that an export made stays what its export says; one that none made is no export', async () => {
    const connection = await call('POST', '/v1/connections', { name: 'ERP', baseUrl: url });
    const asked = { implementation: 'Bundle Complete Webhook', connectionId: connection.body.id };
    const { body } = await call('POST', '/v1/exports', asked);
    for (const changes of [{ contract: 'standard' }, { eventTypes: ['*'] }, { url }, { headers: {} }])
      expect(await change(body.endpointId, changes)).toMatchObject({ status: 409 });
    expect((await change(body.endpointId, { description: 'the ERP' })).status).toBe(200);
    const plain = await call('POST', '/v1/endpoints', { url, eventTypes: ['bundle.completed'], contract: 'eclipse' });
    const { data } = (await call('GET', '/v1/exports')).body;
    expect(data.map(({ id }: { id: string }) => id)).toEqual([body.id]);
    expect(await call('GET', `/v1/exports/${plain.body.id.replace('ep_', 'ex_')}`)).toMatchObject({ status: 404 });
    expect(await call('DELETE', `/v1/exports/${body.id}`)).toMatchObject({ status: 204 });
  });
});

describe('contracts', () => {
  test('are listed with their rules', async () => {
    const { data } = (await call('GET', '/v1/contracts')).body;
    expect(data.map(({ name }: { name: string }) => name)).toEqual([
      'standard',
      'eclipse',
      'eclips',
      'proign',
      'mes',
      'nentropy',
    ]);
    expect(data[1]).toMatchObject({ timeoutMs: 30_000, retryDelaysSeconds: [600], retriesRepeat: true });
  });

  test('show the exact headers and bytes of an event', async () => {
    const body = `{"secret":"test-secret-0123456789","event":{"type":"supplier.created","id":"evt_1","timestamp":"2024-01-15T10:30:00Z","data":{"externalId":"V-1","n":14400.0,"big":12345678901234567890}},"options":{"integrationId":"int_1"}}`;
    const { status, body: preview } = await call('POST', '/v1/contracts/nentropy/preview', body);
    expect(status).toBe(200);
    expect(preview.body).toBe(
      '{"event":"supplier.created","timestamp":"2024-01-15T10:30:00.000Z","integrationId":"int_1","data":{"externalId":"V-1","n":14400.0,"big":12345678901234567890}}',
    );
    expect(preview.bodySha256).toBe(createHash('sha256').update(preview.body).digest('hex'));
    expect(preview.headers.map(({ name }: { name: string }) => name)).toEqual([
      'content-type',
      'user-agent',
      'X-Webhook-Signature',
      'X-Webhook-Event',
      'X-Webhook-Id',
      'X-Webhook-Timestamp',
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
      'traceparent',
      'millrace-request-id',
    ]);
  });

  test('take a body with a byte order mark', async () => {
    const body = '\ufeff{"event":{"type":"a.b","data":1}}';
    expect(await call('POST', '/v1/contracts/mes/preview', body)).toMatchObject({ status: 200 });
  });

  test.each<[string, string, unknown, number, string, string]>([
    ['an unknown contract', 'fax', { event: { type: 'a.b', data: 1 } }, 404, 'not_found', ''],
    ['no event', 'mes', {}, 422, 'invalid_request', 'event'],
    ['an event without a type', 'mes', { event: { data: 1 } }, 422, 'invalid_request', 'event.type'],
    ['an event type with a space', 'mes', { event: { type: 'a b', data: 1 } }, 422, 'invalid_event', 'event.type'],
    [
      'another contract’s option',
      'mes',
      { event: { type: 'a.b', data: 1 }, options: { integrationId: 'x' } },
      422,
      'invalid_request',
      'options.integrationId',
    ],
    [
      'a secret of the wrong form',
      'standard',
      { event: { type: 'a.b', data: 1 }, secret: 'x' },
      422,
      'invalid_request',
      'secret',
    ],
    ['attempt 0', 'mes', { event: { type: 'a.b', data: 1 }, attempt: 0 }, 422, 'invalid_request', 'attempt'],
    [
      'a number that JavaScript would change',
      'proign',
      '{"event":{"type":"a.b","data":{"n":1e400}}}',
      422,
      'invalid_request',
      'event.data.n',
    ],
  ])('refuse %s', async (_, contract, body, status, code, path) => {
    const answer = await call('POST', `/v1/contracts/${contract}/preview`, body);
    expect(answer).toMatchObject({ status, body: { code } });
    if (path !== '') expect(answer.body.errors[0].path).toBe(path);
  });
});

describe('wrong input', () => {
  const eclips = (more: object) => ({ url, events: ['run.failed'], ...more });
  const proign = (more: object) => ({
    event_type: 'order.shipped',
    target_module: 'external',
    webhook_url: url,
    secret: 'your-webhook-secret',
    ...more,
  });
  const mes = (more: object) => ({ url, events: ['work_order.created'], ...more });
  const nentropy = (more: object) => ({ url, events: ['supplier.created'], ...more });
  const connection = (more: object) => ({ name: 'ERP', baseUrl: url, ...more });
  const [E, P, M, N, C, X] = [
    '/v1/webhooks',
    '/api/default/subscriptions',
    '/api/v2/webhooks/endpoints',
    '/api/v1/integration/webhook-events',
    '/v1/connections',
    '/v1/exports',
  ];
  const lists = (path: string, of: (more: object) => object): [string, string, unknown, number, string, string][] => [
    ['no JSON', path, '{', 400, 'invalid_json', ''],
    ['a list', path, [], 422, 'invalid_request', ''],
    ['no url', path, of({ url: undefined }), 422, 'invalid_request', 'url'],
    ['a url that is none', path, of({ url: 'your app' }), 422, 'invalid_url', 'url'],
    ['http', path, of({ url: 'http://your-app.example.com/x' }), 422, 'destination_not_allowed', 'url'],
    ['a private address', path, of({ url: 'https://10.0.0.1/x' }), 422, 'destination_not_allowed', 'url'],
    ['a url that is a number', path, of({ url: 17 }), 422, 'invalid_request', 'url'],
    ['no events', path, of({ events: undefined }), 422, 'invalid_request', 'events'],
    ['empty events', path, of({ events: [] }), 422, 'invalid_request', 'events'],
    ['events that are a text', path, of({ events: 'run.failed' }), 422, 'invalid_request', 'events'],
    ['an event that is a number', path, of({ events: [1] }), 422, 'invalid_request', 'events[0]'],
    ['a pattern', path, of({ events: ['run.*'] }), 422, 'invalid_request', 'events[0]'],
    ['an unknown event', path, of({ events: ['run.failed', 'run.exploded'] }), 422, 'invalid_request', 'events[1]'],
    ['a member that there is not', path, of({ colour: 'red' }), 422, 'invalid_request', 'colour'],
  ];

  test.each<[string, string, unknown, number, string, string]>([
    ...lists(E, eclips),
    ...lists(M, mes),
    ...lists(N, nentropy),
    [
      'an event of another system for eClips',
      E,
      eclips({ events: ['order.shipped'] }),
      422,
      'invalid_request',
      'events[0]',
    ],
    ['another connectionType', C, connection({ connectionType: 'FTP' }), 422, 'invalid_request', 'connectionType'],
    ['active that is a text', M, mes({ active: 'yes' }), 422, 'invalid_request', 'active'],
    ['no event_type', P, proign({ event_type: undefined }), 422, 'invalid_request', 'event_type'],
    ['an unknown event_type', P, proign({ event_type: 'order.lost' }), 422, 'invalid_request', 'event_type'],
    ['a pattern as event_type', P, proign({ event_type: 'order.*' }), 422, 'invalid_request', 'event_type'],
    ['another target_module', P, proign({ target_module: 'crm' }), 422, 'invalid_request', 'target_module'],
    ['no webhook_url', P, proign({ webhook_url: undefined }), 422, 'invalid_request', 'webhook_url'],
    [
      'a webhook_url of http',
      P,
      proign({ webhook_url: 'http://your-app.example.com' }),
      422,
      'destination_not_allowed',
      'webhook_url',
    ],
    ['a webhook_url that is none', P, proign({ webhook_url: 'x' }), 422, 'invalid_url', 'webhook_url'],
    ['no secret', P, proign({ secret: undefined }), 422, 'invalid_request', 'secret'],
    ['an empty secret', P, proign({ secret: '' }), 422, 'invalid_request', 'secret'],
    ['half a surrogate pair as secret', P, proign({ secret: 'x\ud800' }), 422, 'invalid_request', 'secret'],
    ['a filter that is a list', P, proign({ filter: [1] }), 422, 'invalid_request', 'filter'],
    ['a filter with an operator', P, proign({ filter: { a: { $gt: 1 } } }), 422, 'invalid_request', 'filter'],
    ['a member that there is not', P, proign({ colour: 'red' }), 422, 'invalid_request', 'colour'],
    ['no name', C, connection({ name: undefined }), 422, 'invalid_request', 'name'],
    ['an empty name', C, connection({ name: '' }), 422, 'invalid_request', 'name'],
    ['no baseUrl', C, connection({ baseUrl: undefined }), 422, 'invalid_request', 'baseUrl'],
    [
      'a baseUrl of http',
      C,
      connection({ baseUrl: 'http://erp.example.com' }),
      422,
      'destination_not_allowed',
      'baseUrl',
    ],
    ['a token with a line end', C, connection({ bearerToken: 'a\r\nX: 1' }), 422, 'invalid_request', 'bearerToken'],
    ['an empty token', C, connection({ bearerToken: '' }), 422, 'invalid_request', 'bearerToken'],
    [
      'another implementation',
      X,
      { implementation: 'NetSuite', connectionId: 'cn_1' },
      422,
      'invalid_request',
      'implementation',
    ],
    [
      'a connection that can be none',
      X,
      { implementation: 'Bundle Complete Webhook', connectionId: 'a\u0000b' },
      422,
      'invalid_request',
      'connectionId',
    ],
    ['a setting for the run secret', `${E}/run-secret`, { secret: 'x' }, 422, 'invalid_request', 'secret'],
    ['no connection', X, { implementation: 'Bundle Complete Webhook' }, 422, 'invalid_request', 'connectionId'],
    [
      'an unknown connection',
      X,
      { implementation: 'Bundle Complete Webhook', connectionId: 'cn_1' },
      422,
      'invalid_request',
      'connectionId',
    ],
  ])('%s: POST %s', async (_, path, body, status, code, where) => {
    const answer = await call('POST', path, body);
    expect({ status: answer.status, code: answer.body.code, type: answer.type }).toEqual({
      status,
      code,
      type: 'application/problem+json',
    });
    if (where !== '') expect(answer.body.errors.map(({ path: at }: { path: string }) => at)).toContain(where);
    expect(answer.body.detail.length).toBeGreaterThan(10);
  });

  test.each([['limit=0'], ['limit=1e9'], ['limit=201'], ['offset=-1'], ['offset=x'], ['offset=1000001'], ['page=2']])(
    'GET /v1/webhooks?%s',
    async (query) => {
      expect(await call('GET', `/v1/webhooks?${query}`)).toMatchObject({
        status: 422,
        body: { code: 'invalid_request' },
      });
    },
  );

  test.each([
    ['PATCH', `${M}/ep_01hf7yat00000000000000000z`, { active: true }],
    ['PATCH', `${M}/none`, { active: true }],
    ['DELETE', `${E}/none`, undefined],
    ['DELETE', `${N}/wh_01hf7yat00000000000000000z`, undefined],
    ['GET', `${P}/none`, undefined],
    ['PATCH', `${C}/none`, { name: 'x' }],
    ['GET', `${X}/ex_01hf7yat00000000000000000z`, undefined],
    ['PATCH', `${X}/none`, { active: true }],
  ])('%s %s of what is not there', async (method, path, body) => {
    expect(await call(method, path, body)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  test.each([
    ['PATCH', M, {}],
    ['PATCH', N, {}],
    ['PATCH', C, {}],
    ['PATCH', M, { secret: 'x' }],
    ['PATCH', C, { baseUrl: 17 }],
    ['PATCH', X, { active: 'no' }],
  ])('%s %s with %j', async (method, path, body) => {
    expect(await call(method, `${path}/none`, body)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });

  test('each API sees the endpoints of its own contract alone', async () => {
    const { body } = await call('POST', M, mes({}));
    for (const path of [
      `${E}/${body.id}`,
      `${P}/${body.id}`,
      `${N}/${body.id.replace('ep_', 'wh_')}`,
      `${X}/${body.id.replace('ep_', 'ex_')}`,
    ])
      expect(await call('DELETE', path)).toMatchObject({ status: 404 });
    expect(await call('GET', `${M}/${body.id}`)).toMatchObject({ status: 200 });
  });

  test('every call needs a key, and its scope', async () => {
    const none = await keyOf('default', ['events:write']);
    for (const [method, path] of [
      ['POST', E],
      ['GET', E],
      ['DELETE', `${E}/x`],
      ['POST', `${E}/run-secret`],
      ['POST', P],
      ['POST', `${P}/x/test`],
      ['POST', M],
      ['GET', `${M}/x/secret`],
      ['POST', `${M}/x/test`],
      ['POST', N],
      ['POST', C],
      ['GET', C],
      ['POST', X],
      ['POST', '/v1/contracts/mes/preview'],
      ['GET', '/v1/audit-log'],
    ] as const) {
      const body = method === 'POST' ? {} : undefined;
      expect((await call(method, path, body, none)).status).toBe(403);
      expect((await call(method, path, body, 'mr_none_0123456789abcdef0123')).status).toBe(401);
    }
  });
});

test('one Idempotency-Key makes one webhook', async () => {
  const asked = { url, events: ['run.failed'] };
  const first = await call('POST', '/v1/webhooks', asked, adminKey, { 'idempotency-key': 'w-1' });
  const second = await call('POST', '/v1/webhooks', asked, adminKey, { 'idempotency-key': 'w-1' });
  expect(second.body).toEqual(first.body);
});

test('no secret and no token is in a topic or in the log', async () => {
  expect(shown.length).toBeGreaterThan(10);
  const places = [JSON.stringify(service.logs())];
  for (const topic of Object.values(topics))
    if (typeof topic === 'string')
      for (const { value, headers } of await recordsOf(topic).catch(() => []))
        places.push(`${value?.toString('latin1')} ${Object.values(headers).join(' ')}`);
  expect(places.length).toBeGreaterThan(10);
  for (const secret of shown) expect(places.filter((text) => text.includes(secret))).toEqual([]);
});
