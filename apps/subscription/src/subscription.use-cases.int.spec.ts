import { randomBytes } from 'node:crypto';
import { contractNamed } from '@millrace/domain';
import {
  connectDatabase,
  type Database,
  type IdempotentRequest,
  OutboxRelay,
  requestHash,
  runMigrations,
} from '@millrace/postgres';
import {
  createEndpointRequest,
  decodeApiKey,
  decodeDelivery,
  decodeEndpoint,
  decodeFacts,
  type IncomingMessage,
  type OutgoingMessage,
  topicNames,
} from '@millrace/protocol';
import { hashApiKey } from '@millrace/service-runtime';
import { silentLogger } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { openForEndpoint } from './endpoints/endpoint-secrets';
import type { WriteRequest } from './publication/configuration-write';
import { Refused } from './refused';
import { SUBSCRIPTION_SCHEMA, SUBSCRIPTION_TABLES } from './subscription.database';
import { type UseCases, useCases } from './subscription.use-cases';

jest.setTimeout(60_000);

const topics = topicNames('t.');
const encryptionKey = randomBytes(32);
const settings = createEndpointRequest.parse({ url: 'https://erp.example.com/hooks', eventTypes: ['machine.*'] });

/** Stands for the topics: keeps what is published, and refuses while `down`. */
class Log {
  readonly messages: OutgoingMessage[] = [];
  down = false;
  publish = async (messages: readonly OutgoingMessage[]): Promise<void> => {
    if (this.down) throw new Error('no broker');
    this.messages.push(...messages);
  };
  of(topic: string): IncomingMessage[] {
    return this.messages
      .filter((message) => message.topic === topic)
      .map((message, index) => ({
        topic,
        partition: message.partition ?? 0,
        offset: BigInt(index),
        timestamp: 0,
        key: message.key === null ? null : Buffer.from(message.key),
        value: message.value,
        headers: Object.fromEntries(Object.entries(message.headers).map(([name, text]) => [name, Buffer.from(text)])),
      }));
  }
  endpoints(id: string) {
    return this.of(topics.endpoints)
      .map(decodeEndpoint)
      .filter((change) =>
        change.kind === 'put' ? change.endpoint.id === id : change.kind === 'deleted' && change.id === id,
      );
  }
}

const tablesAt = (url: string) => ({ url, applicationName: 'test', ...SUBSCRIPTION_TABLES });

let url: string;
let database: Database;
let log: Log;
let relay: OutboxRelay;
let service: UseCases;

const newRelay = (publish: Log['publish']) =>
  new OutboxRelay({
    databaseUrl: url,
    schema: SUBSCRIPTION_SCHEMA,
    publish,
    logger: silentLogger,
    fenceMs: 300,
    pollMs: 50,
  });
const newService = (limit = 1000, acknowledgeWithinMs = 10_000) =>
  useCases({
    database,
    relay,
    topics,
    encryptionKey,
    destinations: { insecure: 'deny' },
    endpointsPerTenant: limit,
    acknowledgeWithinMs,
    timeScale: 1,
    logger: silentLogger,
  });
const by = (tenant: string, idempotent: IdempotentRequest | null = null): WriteRequest => ({
  tenant,
  actor: 'test',
  idempotent,
});
const once = (tenant: string, key: string, body: string): WriteRequest =>
  by(tenant, { tenant, key, route: 'POST /v1/endpoints', requestHash: requestHash(body) });
const refusal = (promise: Promise<unknown>): Promise<Refused> =>
  promise.then(
    () => Promise.reject(new Error('was not refused')),
    (error) => (error instanceof Refused ? error : Promise.reject(error)),
  );

beforeAll(async () => {
  url = await (await testEnvironment()).freshDatabase();
  database = await connectDatabase(tablesAt(url), silentLogger);
  await runMigrations(database, silentLogger);
});
beforeEach(async () => {
  log = new Log();
  relay = newRelay(log.publish);
  await relay.start();
  service = newService();
});
afterEach(() => relay.stop(5_000));
afterAll(() => database.destroy());

test('migrations and entities say the same', async () => {
  const { upQueries } = await database.driver.createSchemaBuilder().log();
  expect(upQueries.map(({ query }) => query)).toEqual([]);
});

test('the migration can be taken back', async () => {
  const fresh = await connectDatabase(tablesAt(await (await testEnvironment()).freshDatabase()), silentLogger);
  try {
    await runMigrations(fresh, silentLogger);
    await fresh.undoLastMigration();
    const tables = await fresh.query(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = '${SUBSCRIPTION_SCHEMA}' AND table_name <> 'migrations'`,
    );
    expect(tables).toEqual([]);
  } finally {
    await fresh.destroy();
  }
});

test('an endpoint is answered when its record is out, and the record opens to the secret', async () => {
  const created = await service.createEndpoint.handle(by('acme'), settings);
  const [change] = log.endpoints(created.id);
  if (change?.kind !== 'put') throw new Error('no record');
  expect(change.endpoint).toMatchObject({ tenant: 'acme', version: 1, status: 'active', url: settings.url });
  expect(openForEndpoint(encryptionKey, { tenant: 'acme', endpointId: created.id }, change.endpoint.secrets[0]!)).toBe(
    created.secret,
  );
  expect(await service.endpoints.find('acme', created.id)).toEqual(change.endpoint);
  expect(await service.endpoints.find('other', created.id)).toBeNull();
});

test('while Kafka is away a change is refused with 503 but kept, and a repeat with its key gets it', async () => {
  log.down = true;
  const impatient = newService(1000, 200);
  const request = once('kafka-away', 'k1', 'body');
  const refused = await refusal(impatient.createEndpoint.handle(request, settings));
  expect(refused.code).toBe('unavailable');
  const [row] = await service.endpoints.list('kafka-away', null, 10);
  expect(refused.detail).toContain(row!.id);
  expect(await refusal(impatient.createEndpoint.handle(request, settings))).toMatchObject({ code: 'unavailable' });
  log.down = false;
  const answer = await service.createEndpoint.handle(request, settings);
  expect(answer.id).toBe(row!.id);
  expect(log.endpoints(answer.id)).toHaveLength(1);
  expect(await service.endpoints.list('kafka-away', null, 10)).toHaveLength(1);
  expect(openForEndpoint(encryptionKey, { tenant: 'kafka-away', endpointId: answer.id }, row!.secrets[0]!)).toBe(
    answer.secret,
  );
});

test('without a repeat it is published all the same', async () => {
  log.down = true;
  const impatient = newService(1000, 100);
  await refusal(impatient.createEndpoint.handle(by('later'), settings));
  const [row] = await service.endpoints.list('later', null, 10);
  log.down = false;
  await eventually(() => log.endpoints(row!.id).length === 1, 'the record of the endpoint');
});

test('ten requests with one key at once make one endpoint', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () => service.createEndpoint.handle(once('at-once', 'k', 'body'), settings)),
  );
  const ids = new Set(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.id] : [])));
  expect(ids.size).toBe(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' });
  expect(await service.endpoints.list('at-once', null, 10)).toHaveLength(1);
  expect(await refusal(service.createEndpoint.handle(once('at-once', 'k', 'other'), settings))).toMatchObject({
    code: 'idempotency_conflict',
  });
});

test('a request that was refused may be made again with its key', async () => {
  const key = once('again', 'k', 'body');
  const full = newService(0);
  expect(await refusal(full.createEndpoint.handle(key, settings))).toMatchObject({ code: 'conflict' });
  await expect(service.createEndpoint.handle(key, settings)).resolves.toMatchObject({ status: 'active' });
});

test('the limit of endpoints holds against many at once', async () => {
  const limited = newService(3);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 12 }, () => limited.createEndpoint.handle(by('limited'), settings)),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(await service.endpoints.list('limited', null, 50)).toHaveLength(3);
});

test('changes made at once get versions one by one, and leave in that order', async () => {
  const { id } = await service.createEndpoint.handle(by('acme'), settings);
  const views = await Promise.all(
    Array.from({ length: 20 }, (_, n) => service.changeEndpoint.handle(by('acme'), id, { description: `change ${n}` })),
  );
  expect(views.map(({ version }) => version).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, n) => n + 2),
  );
  const versions = log.endpoints(id).map((change) => (change.kind === 'put' ? change.endpoint.version : 0));
  expect(versions).toEqual(Array.from({ length: 21 }, (_, n) => n + 1));
});

test('a deleted endpoint leaves a tombstone, and is gone', async () => {
  const { id } = await service.createEndpoint.handle(by('acme'), settings);
  await service.deleteEndpoint.handle(by('acme'), id);
  expect(log.endpoints(id).at(-1)).toEqual({ kind: 'deleted', id });
  expect(await refusal(service.deleteEndpoint.handle(by('acme'), id))).toMatchObject({ code: 'not_found' });
});

test('another tenant can neither change nor delete, rotate nor test an endpoint', async () => {
  const { id } = await service.createEndpoint.handle(by('acme'), settings);
  const trace = { traceId: '0'.repeat(32), traceparent: '' };
  for (const attempt of [
    () => service.changeEndpoint.handle(by('other'), id, { status: 'paused' }),
    () => service.deleteEndpoint.handle(by('other'), id),
    () => service.rotateSecret.handle(by('other'), id, 0),
    () => service.testEndpoint.handle(by('other'), id, 'a.b', trace),
  ])
    expect(await refusal(attempt())).toMatchObject({ code: 'not_found' });
  expect(log.endpoints(id)).toHaveLength(1);
  expect(log.of(topics.deliveries)).toHaveLength(0);
});

test('a rotated secret signs beside the old one, up to ten', async () => {
  const created = await service.createEndpoint.handle(by('acme'), settings);
  const { secret } = await service.rotateSecret.handle(by('acme'), created.id, 3600);
  const rotated = await service.endpoints.find('acme', created.id);
  const owner = { tenant: 'acme', endpointId: created.id };
  expect(rotated!.secrets.map((sealed) => openForEndpoint(encryptionKey, owner, sealed))).toEqual([
    secret,
    created.secret,
  ]);
  expect(rotated!.secrets[0]!.expiresAt).toBeNull();
  expect(rotated!.secrets[1]!.expiresAt! - Date.now()).toBeGreaterThan(3_500_000);
  for (let n = 0; n < 8; n++) await service.rotateSecret.handle(by('acme'), created.id, 3600);
  expect(await refusal(service.rotateSecret.handle(by('acme'), created.id, 3600))).toMatchObject({ code: 'conflict' });
  await service.rotateSecret.handle(by('acme'), created.id, 0);
  expect((await service.endpoints.find('acme', created.id))!.secrets).toHaveLength(1);
});

test('a test delivery is the task and the fact of it, for one endpoint', async () => {
  const { id } = await service.createEndpoint.handle(by('acme'), settings);
  const trace = { traceId: 'a'.repeat(32), traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
  const { deliveryId } = await service.testEndpoint.handle(by('acme'), id, 'machine.alarm', trace);
  const [task] = log.of(topics.deliveries).map(decodeDelivery);
  expect(task?.task).toMatchObject({ deliveryId, endpointId: id, trigger: { kind: 'test' }, attempt: 1 });
  expect(task?.traceparent).toBe(trace.traceparent);
  expect(JSON.parse(task!.body.toString())).toMatchObject({ type: 'machine.alarm', data: { code: 'HYD-TEMP' } });
  expect(log.of(topics.deliveryLog).flatMap((message) => decodeFacts(message) ?? [])).toEqual([
    expect.objectContaining({
      kind: 'created',
      deliveryId,
      endpointId: id,
      traceId: trace.traceId,
      contract: 'standard',
    }),
  ]);
  expect(log.of(topics.deliveryLog)[0]!.key!.toString()).toBe(id);
  expect(contractNamed('standard')!.version).toBe(task!.task.contract.version);
});

test('a fact that an endpoint was refused is carried out once, and only for that version', async () => {
  const { id } = await service.createEndpoint.handle(by('acme'), settings);
  const fact = (endpointVersion: number, tenant = 'acme') =>
    ({
      v: 1,
      kind: 'disabled',
      endpointId: id,
      tenant,
      endpointVersion,
      reason: 'receiver_answered_410',
      at: 0,
      deliveryId: 'd',
    }) as const;
  expect(await service.disableEndpoint.handle(fact(1, 'other'))).toBe(false);
  expect(await service.disableEndpoint.handle(fact(1))).toBe(true);
  expect(await service.disableEndpoint.handle(fact(1))).toBe(false);
  await eventually(() => log.endpoints(id).length === 2, 'the record of the disabled endpoint');
  expect(log.endpoints(id)[1]).toMatchObject({
    endpoint: { status: 'disabled', statusReason: 'receiver_answered_410' },
  });
  await service.changeEndpoint.handle(by('acme'), id, { status: 'active' });
  expect(await service.disableEndpoint.handle(fact(2))).toBe(false);
  expect(await service.endpoints.find('acme', id)).toMatchObject({ status: 'active', statusReason: null, version: 3 });
});

test('an API key is published as its hash, and leaves a tombstone', async () => {
  const created = await service.createApiKey.handle(by('acme'), {
    name: 'ci',
    scopes: ['events:write'],
    expiresAt: null,
  });
  const records = () => log.of(topics.apiKeys).map(decodeApiKey);
  expect(records()).toEqual([
    { id: created.id, record: expect.objectContaining({ tenant: 'acme', sha256: hashApiKey(created.key) }) },
  ]);
  expect(await refusal(service.revokeApiKey.handle(by('other'), created.id))).toMatchObject({ code: 'not_found' });
  await service.revokeApiKey.handle(by('acme'), created.id);
  expect(records().at(-1)).toEqual({ id: created.id, record: null });
});

test('an event type is described once, and its example is what a test delivery carries', async () => {
  const described = {
    name: 'quality.measured',
    module: 'quality',
    description: 'x',
    example: { mm: 1.5, odd: '\u0000' },
  };
  const view = await service.describeEventType.handle(by('acme'), described);
  expect(view).toMatchObject({ ...described, schema: null, builtIn: false });
  expect(await refusal(service.describeEventType.handle(by('acme'), described))).toMatchObject({ code: 'conflict' });
  expect(
    await refusal(service.describeEventType.handle(by('acme'), { ...described, name: 'machine.alarm' })),
  ).toMatchObject({
    code: 'conflict',
  });
  expect((await service.catalogue.list('acme', null, 50)).map(({ name }) => name)).toEqual([
    'machine.status_changed',
    'machine.alarm',
    'production.run_completed',
    'quality.measured',
  ]);
  expect(await service.catalogue.exampleOf('acme', 'quality.measured')).toEqual(described.example);
  expect((await service.catalogue.list('other', null, 50)).map(({ name }) => name)).not.toContain('quality.measured');
});

test('no secret and no key is anywhere in the clear', async () => {
  const brought = `whsec_${randomBytes(40).toString('base64')}`;
  const created = await service.createEndpoint.handle(once('clear', 'k1', 'a'), { ...settings, secret: brought });
  const made = await service.createEndpoint.handle(once('clear', 'k2', 'b'), settings);
  const { secret } = await service.rotateSecret.handle(
    by('clear', { tenant: 'clear', key: 'k3', route: 'rotate', requestHash: requestHash('') }),
    created.id,
    60,
  );
  const key = await service.createApiKey.handle(
    by('clear', { tenant: 'clear', key: 'k4', route: 'keys', requestHash: requestHash('') }),
    { name: 'x', scopes: ['admin'], expiresAt: null },
  );
  expect(created.secret).toBe(brought);
  const rows = await Promise.all(
    ['endpoint', 'api_key', 'idempotency', 'outbox'].map((table) => database.query(`SELECT t::text FROM ${table} t`)),
  );
  const stored = JSON.stringify(rows) + log.messages.map(({ value }) => value?.toString()).join('\n');
  expect(stored).toContain(created.id);
  for (const text of [brought, made.secret, secret]) expect(stored).not.toContain(text.slice(6));
  expect(stored).not.toContain(key.key.split('_')[2]);
});

test('row level security keeps tenants apart even where a query forgets its tenant', async () => {
  await service.createEndpoint.handle(by('wall-a'), settings);
  await service.createEndpoint.handle(by('wall-b'), settings);
  await database.query('CREATE ROLE plain_user');
  await database.query(`GRANT USAGE ON SCHEMA ${SUBSCRIPTION_SCHEMA} TO plain_user`);
  await database.query(`GRANT ALL ON endpoint TO plain_user`);
  const asPlainUser = (tenant: string | null, sql: string) =>
    database.transaction(async (tx) => {
      await tx.query('SET LOCAL ROLE plain_user');
      if (tenant !== null) await tx.query(`SELECT set_config('millrace.tenant', $1, true)`, [tenant]);
      return tx.query(sql);
    });
  try {
    expect(await asPlainUser('wall-a', 'SELECT DISTINCT tenant FROM endpoint')).toEqual([{ tenant: 'wall-a' }]);
    expect(await asPlainUser(null, 'SELECT tenant FROM endpoint')).toEqual([]);
    await expect(asPlainUser('wall-a', `UPDATE endpoint SET tenant = 'wall-b'`)).rejects.toThrow('row-level security');
  } finally {
    await database.query('DROP OWNED BY plain_user');
    await database.query('DROP ROLE plain_user');
  }
});

test('two processes with a relay each, one of which keeps losing its connection, publish every version in order', async () => {
  const second = newRelay(log.publish);
  await second.start();
  try {
    const { id } = await service.createEndpoint.handle(by('two'), settings);
    let changing = true;
    const killer = (async () => {
      while (changing) {
        await database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = 'millrace-relay-subscription' ORDER BY random() LIMIT 1`,
        );
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    })();
    for (let round = 0; round < 40; round++)
      await Promise.all(
        [1, 2, 3].map((n) => service.changeEndpoint.handle(by('two'), id, { description: `${round}.${n}` })),
      );
    changing = false;
    await killer;
    const versions = log.endpoints(id).map((change) => (change.kind === 'put' ? change.endpoint.version : 0));
    expect(new Set(versions).size).toBe(121);
    // a repeat after a lost connection starts again at an older version, and never skips one
    let highest = 0;
    for (const version of versions) {
      expect(version).toBeLessThanOrEqual(highest + 1);
      highest = Math.max(highest, version);
    }
    expect(versions.at(-1)).toBe(121);
  } finally {
    await second.stop(5_000);
  }
});
