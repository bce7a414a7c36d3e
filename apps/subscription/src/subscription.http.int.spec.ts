import { createHash, randomBytes } from 'node:crypto';
import { type DurableProducer, KafkaConnection } from '@millrace/kafka';
import {
  BUILT_IN_EVENT_TYPES,
  type ChangedEndpointView,
  type CreatedEndpointView,
  decodeDelivery,
  decodeEndpoint,
  type EndpointView,
  EVENT_MODULES,
  encodeApiKey,
  encodeEndpointDisabled,
  type IncomingMessage,
  type Page,
  type Problem,
  type Scope,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually, ServiceProcess, serviceVariables, testEnvironment } from '@millrace/test-environment';

jest.setTimeout(120_000);

const PARTITIONS = 2;
const adminKey = `mr_admin1_${randomBytes(24).toString('hex')}`;
const url = 'https://erp.example.com/hooks';
const eventTypes = ['machine.*'];

let service: ServiceProcess;
let kafka: KafkaConnection;
let producer: DurableProducer;
let topics: TopicNames;

interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

const call = async <T = Problem>(
  method: string,
  path: string,
  body?: unknown,
  headers: { readonly [name: string]: string } = {},
  key: string | null = adminKey,
): Promise<Answer<T>> => {
  const answer = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: (text === '' ? null : JSON.parse(text)) as T };
};

const create = async (more: object = {}, key = adminKey): Promise<CreatedEndpointView> => {
  const answer = await call<CreatedEndpointView>('POST', '/v1/endpoints', { url, eventTypes, ...more }, {}, key);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body;
};

/** A key of any tenant, as another service instance would have published it. */
const keyOf = async (tenant: string, scopes: Scope[], expiresAt: number | null = null): Promise<string> => {
  const id = randomBytes(6).toString('hex');
  const text = `mr_${id}_${randomBytes(24).toString('hex')}`;
  const sha256 = createHash('sha256').update(text).digest('hex');
  await producer.send([
    encodeApiKey(topics.apiKeys, id, { v: 1, id, tenant, name: 'test', sha256, scopes, expiresAt }),
  ]);
  return text;
};

const recordsOf = async (topic: string): Promise<IncomingMessage[]> => {
  const records: IncomingMessage[] = [];
  for (const partition of (await kafka.endOffsets(topic)).keys())
    await kafka.readRange({ topic, partition, from: 0n, onMessage: (message) => void records.push(message) });
  return records;
};

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
        encryptionKey: randomBytes(32).toString('base64'),
        partitions: PARTITIONS,
      }),
      MILLRACE_INSECURE_ENDPOINTS: 'deny',
      MILLRACE_OWN_HOSTS: 'millrace.example.com',
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

test('a 201 means that the record is in the topic', async () => {
  const created = await create({ description: 'first', filter: { 'machine.site': 'x' }, headers: { 'X-A': '1' } });
  const [record] = (await recordsOf(topics.endpoints)).map(decodeEndpoint).filter((c) => c.kind === 'put');
  expect(record).toMatchObject({
    endpoint: { id: created.id, version: 1, tenant: 'default', headers: { 'X-A': expect.stringMatching(/^v1\./) } },
  });
  expect(created).toMatchObject({
    id: expect.stringMatching(/^ep_/),
    url,
    eventTypes,
    contract: 'standard',
    status: 'active',
    secret: expect.stringMatching(/^whsec_/),
    createdAt: expect.stringMatching(/Z$/),
  });
  const read = await call<EndpointView>('GET', `/v1/endpoints/${created.id}`);
  const { secret: _, startFrom: _now, ...view } = created;
  expect(read).toMatchObject({ status: 200, body: view });
  expect(JSON.stringify(read.body)).not.toContain('secret');
});

test('values of headers are shown nowhere, and *** keeps them', async () => {
  const created = await create({ headers: { Authorization: 'Bearer of-the-plant', 'X-Line': '4' } });
  expect(created.headers).toEqual({ Authorization: '***', 'X-Line': '***' });
  const change = (headers: object) => call<Problem>('PATCH', `/v1/endpoints/${created.id}`, { headers });
  expect((await change({ authorization: '***' })).body).toMatchObject({ headers: { authorization: '***' } });
  expect(await change({ 'X-New': '***' })).toMatchObject({
    status: 422,
    body: { code: 'invalid_request', errors: [{ path: 'headers.X-New' }] },
  });
  const messages = (await recordsOf(topics.endpoints)).filter(({ key }) => key?.toString() === created.id);
  expect(messages.length).toBe(2);
  for (const { value } of messages) expect(value!.toString()).not.toContain('of-the-plant');
});

test('options and secrets are judged by the contract that the endpoint has', async () => {
  const created = await create({ contract: 'nentropy', options: { integrationId: 'int_1' } });
  expect(created.options).toEqual({
    standardHeaders: true,
    traceContext: true,
    signatureFormat: 'hex',
    integrationId: 'int_1',
    disableCounts: 'deliveries',
  });
  const change = (body: object) => call<Problem>('PATCH', `/v1/endpoints/${created.id}`, body);
  expect((await change({ options: { signatureFormat: 'base64' }, secret: 'your-webhook-secret' })).body).toMatchObject({
    options: { integrationId: 'int_1', signatureFormat: 'base64' },
  });
  expect(await change({ contract: 'eclips' })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'options.signatureFormat' }] },
  });
  expect(
    await change({ contract: 'standard', options: { integrationId: null, signatureFormat: 'hex' }, secret: 'x' }),
  ).toMatchObject({ status: 422, body: { errors: [{ path: 'secret' }] } });
});

describe('wrong input', () => {
  const secret = (bytes: number) => `whsec_${randomBytes(bytes).toString('base64')}`;
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
  const endpoint = (more: object) => ({ url, eventTypes, ...more });
  const foreign = 'ep_01hf7yat00000000000000000z';

  test.each<[string, string, string, unknown, number, string]>([
    ['no JSON', 'POST', '/v1/endpoints', '{"url":', 400, 'invalid_json'],
    ['an empty body', 'POST', '/v1/endpoints', '', 400, 'invalid_json'],
    ['5,000 levels', 'POST', '/v1/endpoints', deep, 400, 'invalid_json'],
    ['a body over the limit', 'POST', '/v1/endpoints', `"${'x'.repeat(256 * 1024)}"`, 413, 'too_large'],
    ['null', 'POST', '/v1/endpoints', 'null', 422, 'invalid_request'],
    ['text', 'POST', '/v1/endpoints', '"x"', 422, 'invalid_request'],
    [
      '__proto__ as member',
      'POST',
      '/v1/endpoints',
      `{"url":"${url}","eventTypes":["*"],"__proto__":{}}`,
      422,
      'invalid_request',
    ],
    [
      'an infinite number',
      'POST',
      '/v1/endpoints',
      `{"url":"${url}","eventTypes":["*"],"timeoutMs":1e400}`,
      422,
      'invalid_request',
    ],
    ['no url', 'POST', '/v1/endpoints', { eventTypes }, 422, 'invalid_request'],
    ['no types', 'POST', '/v1/endpoints', { url }, 422, 'invalid_request'],
    ['an empty list', 'POST', '/v1/endpoints', endpoint({ eventTypes: [] }), 422, 'invalid_request'],
    [
      '10,000 types',
      'POST',
      '/v1/endpoints',
      endpoint({ eventTypes: Array(10_000).fill('a') }),
      422,
      'invalid_request',
    ],
    ['an expression', 'POST', '/v1/endpoints', endpoint({ eventTypes: ['(a+)+$'] }), 422, 'invalid_request'],
    ['a contract to come', 'POST', '/v1/endpoints', endpoint({ contract: 'fax' }), 422, 'invalid_request'],
    [
      'a large filter',
      'POST',
      '/v1/endpoints',
      endpoint({ filter: { a: 'x'.repeat(200_000) } }),
      422,
      'invalid_request',
    ],
    ['U+0000', 'POST', '/v1/endpoints', endpoint({ description: '\u0000' }), 422, 'invalid_request'],
    [
      'half a surrogate',
      'POST',
      '/v1/endpoints',
      `{"url":"${url}","eventTypes":["*"],"description":"\\ud800"}`,
      422,
      'invalid_request',
    ],
    ['a short secret', 'POST', '/v1/endpoints', endpoint({ secret: secret(23) }), 422, 'invalid_request'],
    ['a long secret', 'POST', '/v1/endpoints', endpoint({ secret: secret(65) }), 422, 'invalid_request'],
    [
      'a header that splits',
      'POST',
      '/v1/endpoints',
      endpoint({ headers: { 'X-A': 'a\r\nX-Evil: 1' } }),
      422,
      'invalid_request',
    ],
    ['the header host', 'POST', '/v1/endpoints', endpoint({ headers: { Host: 'a' } }), 422, 'invalid_request'],
    ['an emoji header', 'POST', '/v1/endpoints', endpoint({ headers: { 'X-A': '😀' } }), 422, 'invalid_request'],
    ['ordering', 'POST', '/v1/endpoints', endpoint({ ordering: 'fifo' }), 422, 'invalid_request'],
    ['rateLimit', 'POST', '/v1/endpoints', endpoint({ rateLimit: 5 }), 422, 'invalid_request'],
    ['retry', 'POST', '/v1/endpoints', endpoint({ retry: [1] }), 422, 'invalid_request'],
    ['startFrom', 'POST', '/v1/endpoints', endpoint({ startFrom: 'earliest' }), 422, 'invalid_request'],
    ['an unknown id', 'GET', `/v1/endpoints/${foreign}`, undefined, 404, 'not_found'],
    ['an id that is none', 'GET', "/v1/endpoints/';DROP TABLE endpoint;--", undefined, 404, 'not_found'],
    ['an id with U+0000', 'GET', '/v1/endpoints/%00', undefined, 404, 'not_found'],
    ['a broken escape', 'GET', '/v1/endpoints/%zz', undefined, 404, 'not_found'],
    ['a change of nothing known', 'PATCH', `/v1/endpoints/${foreign}`, { status: 'paused' }, 404, 'not_found'],
    ['an empty change', 'PATCH', `/v1/endpoints/${foreign}`, {}, 422, 'invalid_request'],
    ['a change to disabled', 'PATCH', `/v1/endpoints/${foreign}`, { status: 'disabled' }, 422, 'invalid_request'],
    [
      'a change to a bad url',
      'PATCH',
      `/v1/endpoints/${foreign}`,
      { url: 'https://10.0.0.1' },
      422,
      'destination_not_allowed',
    ],
    ['a delete of nothing known', 'DELETE', `/v1/endpoints/${foreign}`, undefined, 404, 'not_found'],
    ['a test of nothing known', 'POST', `/v1/endpoints/${foreign}/test`, {}, 404, 'not_found'],
    ['a test of a pattern', 'POST', `/v1/endpoints/${foreign}/test`, { eventType: 'a.*' }, 422, 'invalid_request'],
    ['a rotation of nothing known', 'POST', `/v1/endpoints/${foreign}/rotate-secret`, undefined, 404, 'not_found'],
    [
      'an overlap of a month',
      'POST',
      `/v1/endpoints/${foreign}/rotate-secret`,
      { overlapSeconds: 2_592_000 },
      422,
      'invalid_request',
    ],
    ['a method that is not there', 'PUT', `/v1/endpoints/${foreign}`, {}, 405, 'method_not_allowed'],
    ['a page of 0', 'GET', '/v1/endpoints?limit=0', undefined, 422, 'invalid_request'],
    ['a page of 201', 'GET', '/v1/endpoints?limit=201', undefined, 422, 'invalid_request'],
    ['a page of 1e9', 'GET', '/v1/endpoints?limit=1e9', undefined, 422, 'invalid_request'],
    ['two limits', 'GET', '/v1/endpoints?limit=1&limit=2', undefined, 422, 'invalid_request'],
    ['an unknown parameter', 'GET', '/v1/endpoints?tenant=other', undefined, 422, 'invalid_request'],
    ['a made-up cursor', 'GET', '/v1/endpoints?cursor=abc', undefined, 422, 'invalid_cursor'],
    ['an empty cursor', 'GET', '/v1/api-keys?cursor=', undefined, 422, 'invalid_cursor'],
    ['a made-up cursor of types', 'GET', '/v1/event-types?cursor=a.b', undefined, 422, 'invalid_cursor'],
    [
      'a schema that is nested too deep',
      'POST',
      '/v1/event-types',
      `{"name":"a.deep","module":"m","description":"","schema":${'{"not":'.repeat(100)}{}${'}'.repeat(100)}}`,
      400,
      'invalid_json',
    ],
    [
      'a schema that is none',
      'POST',
      '/v1/event-types',
      { name: 'a.none', module: 'm', description: '', schema: { type: 'text' } },
      422,
      'invalid_schema',
    ],
    [
      'a schema from elsewhere',
      'POST',
      '/v1/event-types',
      { name: 'a.far', module: 'm', description: '', schema: { $ref: 'https://example.com/schema.json' } },
      422,
      'invalid_schema',
    ],
    [
      'the name of a built-in type',
      'POST',
      '/v1/event-types',
      { name: 'order.shipped', module: 'm', description: '' },
      409,
      'conflict',
    ],
    ['a type that is not there', 'GET', '/v1/event-types/no.such', undefined, 404, 'not_found'],
    ['a type with a name that none can have', 'GET', '/v1/event-types/%00', undefined, 404, 'not_found'],
    [
      'an unknown validation',
      'PATCH',
      '/v1/event-types/order.shipped',
      { validation: 'maybe' },
      422,
      'invalid_request',
    ],
    ['the validation of no type', 'PATCH', '/v1/event-types/no.such', { validation: 'warn' }, 404, 'not_found'],
    [
      'the schema of a built-in type',
      'PATCH',
      '/v1/event-types/order.shipped',
      { schema: true },
      422,
      'invalid_request',
    ],
    ['a key without scopes', 'POST', '/v1/api-keys', { name: 'x', scopes: [] }, 422, 'invalid_request'],
    ['a key with an unknown scope', 'POST', '/v1/api-keys', { name: 'x', scopes: ['root'] }, 422, 'invalid_request'],
    [
      'a key that has expired',
      'POST',
      '/v1/api-keys',
      { name: 'x', scopes: ['admin'], expiresAt: '2020-01-01T00:00:00Z' },
      422,
      'invalid_request',
    ],
    [
      'a key with a long name',
      'POST',
      '/v1/api-keys',
      { name: 'x'.repeat(10_000), scopes: ['admin'] },
      422,
      'invalid_request',
    ],
    [
      'a key of a tenant with a bad name',
      'POST',
      '/v1/api-keys',
      { name: 'x', scopes: ['admin'], tenant: '../x' },
      422,
      'invalid_request',
    ],
    ['a revocation of nothing', 'DELETE', '/v1/api-keys/abc', undefined, 404, 'not_found'],
    ['a revocation of U+0000', 'DELETE', '/v1/api-keys/%00', undefined, 404, 'not_found'],
    [
      'a built-in event type',
      'POST',
      '/v1/event-types',
      { name: 'machine.alarm', module: 'mes', description: '' },
      409,
      'conflict',
    ],
    [
      'an event type with a star',
      'POST',
      '/v1/event-types',
      { name: 'a.*', module: 'mes', description: '' },
      422,
      'invalid_request',
    ],
    [
      'an event type without a module',
      'POST',
      '/v1/event-types',
      { name: 'a.b', description: '' },
      422,
      'invalid_request',
    ],
  ])('%s', async (_, method, path, body, status, code) => {
    const answer = await call(method, path, body);
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body.detail.length).toBeGreaterThan(10);
  });

  test.each<[string, string]>([
    ['http://erp.example.com', 'destination_not_allowed'],
    ['https://localhost', 'destination_not_allowed'],
    ['https://127.0.0.1', 'destination_not_allowed'],
    ['https://2130706433', 'destination_not_allowed'],
    ['https://①②⑦.0.0.1', 'destination_not_allowed'],
    ['https://[::ffff:127.0.0.1]', 'destination_not_allowed'],
    ['https://169.254.169.254/latest/meta-data', 'destination_not_allowed'],
    ['https://user:pw@example.com', 'destination_not_allowed'],
    ['https://example.com:22', 'destination_not_allowed'],
    ['javascript:alert(1)', 'destination_not_allowed'],
    [`https://example.com/${'x'.repeat(5000)}`, 'destination_not_allowed'],
    ['https://millrace.example.com/v1/events', 'destination_not_allowed'],
    ['https://exa mple.com', 'invalid_url'],
    ['https://x.com:99999', 'invalid_url'],
    ['', 'invalid_url'],
  ])('the url %s', async (bad, code) => {
    const answer = await call('POST', '/v1/endpoints', { url: bad, eventTypes });
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 422, code });
    expect(answer.body.errors?.[0]?.path).toBe('url');
  });

  test('what is odd but right is stored as it came', async () => {
    const description = `'; DROP TABLE endpoint; -- {{7*7}} <script> \u202e${'x'.repeat(9000)}`;
    const filter = JSON.parse(`{"__proto__": "a", "constructor": 1}`);
    const created = await create({ url: 'https://аpple.com', description, filter });
    const { body } = await call<EndpointView>('GET', `/v1/endpoints/${created.id}`);
    expect(body.url).toBe('https://xn--pple-43d.com/');
    expect(body.description).toBe(description);
    expect(JSON.stringify(body.filter)).toBe(JSON.stringify(filter));
  });
});

test('a type whose name has a slash is found under it', async () => {
  const name = 'plant/press:measured';
  expect((await call('POST', '/v1/event-types', { name, module: 'm', description: '' })).status).toBe(201);
  const one = await call<{ name: string }>('GET', `/v1/event-types/${encodeURIComponent(name)}`);
  expect([one.status, one.body.name]).toEqual([200, name]);
});

describe('who may', () => {
  const routes = (id: string): Array<[string, string, unknown, Scope]> => [
    ['GET', '/v1/endpoints', undefined, 'webhooks:read'],
    ['POST', '/v1/endpoints', { url, eventTypes }, 'webhooks:write'],
    ['GET', `/v1/endpoints/${id}`, undefined, 'webhooks:read'],
    ['PATCH', `/v1/endpoints/${id}`, { status: 'paused' }, 'webhooks:write'],
    ['POST', `/v1/endpoints/${id}/test`, {}, 'webhooks:write'],
    ['POST', `/v1/endpoints/${id}/rotate-secret`, {}, 'webhooks:write'],
    ['DELETE', `/v1/endpoints/${id}`, undefined, 'webhooks:write'],
    ['GET', '/v1/event-types', undefined, 'webhooks:read'],
    ['POST', '/v1/event-types', { name: 'x.y', module: 'm', description: '' }, 'webhooks:write'],
    ['GET', '/v1/event-types/order.shipped', undefined, 'webhooks:read'],
    ['PATCH', '/v1/event-types/order.shipped', { validation: 'off' }, 'webhooks:write'],
    ['GET', '/v1/api-keys', undefined, 'admin'],
    ['POST', '/v1/api-keys', { name: 'x', scopes: ['admin'] }, 'admin'],
    ['DELETE', '/v1/api-keys/abcdef', undefined, 'admin'],
  ];

  test('every route refuses no key, a wrong key, and a key without its scope', async () => {
    const { id } = await create();
    const all: Scope[] = ['webhooks:read', 'webhooks:write', 'events:write', 'deliveries:read', 'machines:write'];
    const expired = await keyOf('default', ['admin'], Date.now() - 1000);
    for (const [method, path, body, scope] of routes(id)) {
      const without = await keyOf(
        'default',
        all.filter((other) => other !== scope),
      );
      const oneOff = `${adminKey.slice(0, -1)}${adminKey.endsWith('0') ? '1' : '0'}`;
      const answers = [];
      for (const key of [null, oneOff, adminKey.slice(0, -3), expired, without])
        answers.push((await call(method, path, body, {}, key)).status);
      expect([method, path, answers]).toEqual([method, path, [401, 401, 401, 401, 403]]);
    }
  });

  test('another tenant sees and touches nothing', async () => {
    const { id } = await create();
    const { body: own } = await call<{ id: string }>('POST', '/v1/api-keys', { name: 'mine', scopes: ['admin'] });
    const stranger = await keyOf('other', ['admin']);
    for (const [method, path, body] of routes(id).filter(([, path]) => path.includes(id)))
      expect([method, path, (await call(method, path, body, {}, stranger)).status]).toEqual([method, path, 404]);
    expect((await call('DELETE', `/v1/api-keys/${own.id}`, undefined, {}, stranger)).status).toBe(404);
    for (const path of ['/v1/endpoints', '/v1/api-keys'])
      expect((await call('GET', path, undefined, {}, stranger)).body).toEqual({ data: [], nextCursor: null });
    expect((await call<EndpointView>('GET', `/v1/endpoints/${id}`)).body).toMatchObject({
      version: 1,
      status: 'active',
    });
    const mine = await create({}, stranger);
    expect((await call('GET', `/v1/endpoints/${mine.id}`)).status).toBe(404);
  });

  test('the site’s own key makes the first key of a tenant; no other key reaches past its tenant', async () => {
    const asked = { name: 'first', scopes: ['admin'], tenant: 'plant-2' };
    const made = await call<{ key: string; tenant: string }>('POST', '/v1/api-keys', asked);
    expect([made.status, made.body.tenant]).toEqual([201, 'plant-2']);
    const { id } = await create({}, made.body.key);
    expect((await call('GET', `/v1/endpoints/${id}`)).status).toBe(404);
    const beyond = await call<{ code: string }>(
      'POST',
      '/v1/api-keys',
      { ...asked, tenant: 'default' },
      {},
      made.body.key,
    );
    expect([beyond.status, beyond.body.code]).toEqual([403, 'insufficient_scope']);
  });

  test('a key works directly after its 201, and not after its revocation', async () => {
    const { body: created, status } = await call<{ id: string; key: string }>('POST', '/v1/api-keys', {
      name: 'reader',
      scopes: ['webhooks:read'],
    });
    expect(status).toBe(201);
    expect(created.key).toMatch(/^mr_[0-9A-Za-z]+_[0-9A-Za-z]{43}$/);
    expect((await call('GET', '/v1/endpoints', undefined, {}, created.key)).status).toBe(200);
    const listed = await call<Page<{ id: string }>>('GET', '/v1/api-keys?limit=200');
    expect(listed.body.data.map(({ id }) => id)).toContain(created.id);
    expect(JSON.stringify(listed.body)).not.toContain(created.key);
    expect((await call('DELETE', `/v1/api-keys/${created.id}`)).status).toBe(204);
    await eventually(
      async () => (await call('GET', '/v1/endpoints', undefined, {}, created.key)).status === 401,
      'the revocation to be known',
      5_000,
    );
  });
});

test('pages go through a list once, and a cursor belongs to its tenant and list', async () => {
  const key = await keyOf('pages', ['admin']);
  const ids: string[] = [];
  for (let n = 0; n < 7; n++) ids.unshift((await create({}, key)).id);
  const seen: string[] = [];
  let cursor: string | null = null;
  const cursors: string[] = [];
  do {
    const path: string = `/v1/endpoints?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`;
    const { body }: Answer<Page<EndpointView>> = await call<Page<EndpointView>>('GET', path, undefined, {}, key);
    seen.push(...body.data.map(({ id }) => id));
    cursor = body.nextCursor;
    if (cursor) cursors.push(cursor);
  } while (cursor !== null);
  expect(seen).toEqual(ids);
  expect(cursors).toHaveLength(2);
  const elsewhere = await call('GET', `/v1/endpoints?cursor=${cursors[0]}`);
  const otherList = await call('GET', `/v1/event-types?cursor=${cursors[0]}`, undefined, {}, key);
  expect([elsewhere.body.code, otherList.body.code]).toEqual(['invalid_cursor', 'invalid_cursor']);

  const types: string[] = [];
  for (const name of ['b.x', 'a.x'])
    await call('POST', '/v1/event-types', { name, module: 'm', description: '' }, {}, key);
  cursor = null;
  do {
    const path: string = `/v1/event-types?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`;
    const { body }: Answer<Page<{ name: string }>> = await call('GET', path, undefined, {}, key);
    types.push(...body.data.map(({ name }) => name));
    cursor = body.nextCursor;
  } while (cursor !== null);
  expect(types).toEqual([...BUILT_IN_EVENT_TYPES.map(({ name }) => name), 'a.x', 'b.x']);
});

test('one Idempotency-Key makes one endpoint, and another body with it is a conflict', async () => {
  const headers = { 'idempotency-key': `k-${randomBytes(4).toString('hex')}` };
  const first = await call<CreatedEndpointView>('POST', '/v1/endpoints', { url, eventTypes }, headers);
  const second = await call<CreatedEndpointView>('POST', '/v1/endpoints', { url, eventTypes }, headers);
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body).toEqual(first.body);
  const other = await call('POST', '/v1/endpoints', { url, eventTypes: ['*'] }, headers);
  expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict']);
  const rotations = [];
  for (let n = 0; n < 2; n++)
    rotations.push(
      (await call<{ secret: string }>('POST', `/v1/endpoints/${first.body.id}/rotate-secret`, {}, headers)).body,
    );
  expect(rotations[1]).toEqual(rotations[0]);
  const read = await call<EndpointView>('GET', `/v1/endpoints/${first.body.id}`);
  expect(read.body.version).toBe(2);
  const bad = await call('POST', '/v1/endpoints', { url, eventTypes }, { 'idempotency-key': 'x'.repeat(256) });
  expect([bad.status, bad.body.code]).toEqual([422, 'invalid_request']);
});

test('a test delivery is in its topic when it is answered', async () => {
  const { id } = await create();
  const { status, body } = await call<{ deliveryId: string }>('POST', `/v1/endpoints/${id}/test`, {
    eventType: 'machine.alarm',
  });
  expect(status).toBe(202);
  const tasks = (await recordsOf(topics.deliveries)).map(decodeDelivery);
  const delivery = tasks.find((record) => record?.task.endpointId === id);
  expect(delivery?.task).toMatchObject({ deliveryId: body.deliveryId, eventType: 'machine.alarm' });
  expect(delivery?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  expect((await call('POST', `/v1/endpoints/${id}/test`)).status).toBe(202);
  const partitionsOf = async (topic: string, mine: (m: IncomingMessage) => boolean) =>
    new Set((await recordsOf(topic)).filter(mine).map(({ partition }) => partition));
  const byKey = (message: IncomingMessage) => message.key?.toString() === id;
  expect(await partitionsOf(topics.deliveryLog, byKey)).toEqual(await partitionsOf(topics.deliveries, byKey));
});

test('what a receiver answered with 410 is disabled, until its user enables it', async () => {
  const { id } = await create();
  const fact = {
    v: 1,
    kind: 'disabled',
    endpointId: id,
    tenant: 'default',
    endpointVersion: 1,
    reason: 'receiver_answered_410',
    at: Date.now(),
    deliveryId: 'd',
  } as const;
  const garbage = { topic: topics.endpointLifecycle, key: id, value: Buffer.from('{"v":1'), headers: {} };
  const odd = { ...fact, tenant: 7, endpointVersion: 'x' } as never;
  await producer.send([
    garbage,
    encodeEndpointDisabled(topics.endpointLifecycle, odd),
    encodeEndpointDisabled(topics.endpointLifecycle, { ...fact, tenant: 'a\u0000b' }),
    encodeEndpointDisabled(topics.endpointLifecycle, { ...fact, endpointId: 'ep_\u0000' }),
    encodeEndpointDisabled(topics.endpointLifecycle, fact),
  ]);
  const read = async () => (await call<EndpointView>('GET', `/v1/endpoints/${id}`)).body;
  await eventually(async () => (await read()).status === 'disabled', 'the endpoint to be disabled');
  expect(await read()).toMatchObject({ version: 2, statusReason: 'receiver_answered_410', statusBy: 'millrace' });
  await producer.send([encodeEndpointDisabled(topics.endpointLifecycle, fact)]);
  const enabled = await call<ChangedEndpointView>('PATCH', `/v1/endpoints/${id}`, { status: 'active' });
  expect(enabled.body).toMatchObject({ status: 'active', statusReason: null });
  expect(enabled.body.recovery).toEqual({
    suggested: { only: 'failed', since: enabled.body.createdAt },
    call: `POST /v1/endpoints/${id}/recover`,
  });
  expect((await call('POST', `/v1/endpoints/${id}/recover`, enabled.body.recovery!.suggested)).status).toBe(202);
  // the repeated fact is passed over: a fact after it, for another endpoint, has come through
  const after = await create();
  await producer.send([encodeEndpointDisabled(topics.endpointLifecycle, { ...fact, endpointId: after.id })]);
  await eventually(
    async () => (await call<EndpointView>('GET', `/v1/endpoints/${after.id}`)).body.status === 'disabled',
    'the later fact',
  );
  expect((await read()).status).toBe('active');
});

test('changes made at once get versions one by one, in the topic too; a delete leaves a tombstone', async () => {
  const { id } = await create();
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, n) => call<EndpointView>('PATCH', `/v1/endpoints/${id}`, { description: `${n}` })),
  );
  expect(answers.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 30 }, (_, n) => n + 2),
  );
  expect((await call('DELETE', `/v1/endpoints/${id}`)).status).toBe(204);
  const records = (await recordsOf(topics.endpoints)).filter((message) => message.key?.toString() === id);
  const versions = records
    .map(decodeEndpoint)
    .map((change) => (change.kind === 'put' ? change.endpoint.version : change.kind));
  expect(versions).toEqual([...Array.from({ length: 31 }, (_, n) => n + 1), 'deleted']);
});

test('no secret and no key is in a topic or in the log', async () => {
  const brought = `whsec_${randomBytes(32).toString('base64')}`;
  const created = await create({ secret: brought });
  const { body: rotated } = await call<{ secret: string }>('POST', `/v1/endpoints/${created.id}/rotate-secret`);
  const { body: key } = await call<{ key: string }>('POST', '/v1/api-keys', { name: 'x', scopes: ['admin'] });
  await call('GET', '/v1/endpoints', undefined, {}, key.key);
  const records = [...(await recordsOf(topics.endpoints)), ...(await recordsOf(topics.apiKeys))];
  const written = records.map(({ value }) => value?.toString()).join('\n') + JSON.stringify(service.logs());
  expect(written).toContain(created.id);
  const leaked = Object.entries({
    'a secret that was brought': brought.slice(6),
    'a secret that was made': rotated.secret.slice(6),
    'an API key': key.key.split('_')[2]!,
    'the admin key': adminKey.split('_')[2]!,
  }).flatMap(([what, text]) => (written.includes(text) ? [what] : []));
  expect(leaked).toEqual([]);
});

test('nothing of all this was an error of ours', () => {
  const errors = service.logs().filter(({ level }) => level === 'error' || level === 'fatal');
  // a broker that has just begun loads its groups
  expect(errors.filter(({ name }) => name !== 'GROUP_LOAD_IN_PROGRESS')).toEqual([]);
});
