import { randomBytes } from 'node:crypto';
import { contractNamed } from '@millrace/domain';
import {
  auditTransaction,
  connectDatabase,
  type Database,
  type IdempotentRequest,
  inTenant,
  OutboxRelay,
  requestHash,
  runMigrations,
} from '@millrace/postgres';
import {
  BUILT_IN_EVENT_TYPES,
  createEndpointRequest,
  decodeApiKey,
  decodeDelivery,
  decodeEndpoint,
  decodeEventRule,
  decodeFacts,
  decodeRecoveryOrder,
  EVENT_TYPE_LIMITS,
  type IncomingMessage,
  type OutgoingMessage,
  type RecoveryProgress,
  recoverEndpointRequest,
  topicNames,
} from '@millrace/protocol';
import { hashApiKey, Refused, type WriteRequest } from '@millrace/service-runtime';
import { silentLogger } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { AuditEntryEntity } from './audit-log/audit-entry.entity';
import { EndpointStore } from './endpoints/endpoint.store';
import { openForEndpoint } from './endpoints/endpoint-secrets';
import { EventTypeStore } from './event-types/event-type.store';
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
const newService = (limit = 1000, acknowledgeWithinMs = 10_000, progressWithinMs = 100) =>
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
    conditionOf: () => null,
    progressWithinMs,
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

test('what the audit log has is neither changed nor deleted', async () => {
  await inTenant(database, 'audited', (tx) =>
    auditTransaction(AuditEntryEntity, tx, 'audited').insert({
      id: 'au_1',
      at: new Date(),
      actor: 'test',
      action: 'secret.revealed',
      object: 'ep_1',
    }),
  );
  for (const statement of ["UPDATE audit_entry SET actor = 'nobody'", 'DELETE FROM audit_entry'])
    await expect(inTenant(database, 'audited', (tx) => tx.query(statement))).rejects.toThrow(
      'neither changed nor deleted',
    );
});

test('the migrations can be taken back', async () => {
  const fresh = await connectDatabase(tablesAt(await (await testEnvironment()).freshDatabase()), silentLogger);
  try {
    await runMigrations(fresh, silentLogger);
    for (const _ of SUBSCRIPTION_TABLES.migrations) await fresh.undoLastMigration();
    const tables = await fresh.query(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = '${SUBSCRIPTION_SCHEMA}' AND table_name <> 'migrations'`,
    );
    expect(tables).toEqual([]);
  } finally {
    await fresh.destroy();
  }
});

test('a site of the release before is migrated with all its endpoints, also by an owner who is no superuser', async () => {
  const name = `owner_${randomBytes(4).toString('hex')}`;
  const place = new URL(await (await testEnvironment()).freshDatabase());
  await database.query(`CREATE ROLE ${name} LOGIN PASSWORD 'owner'`);
  await database.query(`ALTER DATABASE "${place.pathname.slice(1)}" OWNER TO ${name}`);
  Object.assign(place, { username: name, password: 'owner' });
  const [first] = SUBSCRIPTION_TABLES.migrations;
  const before = await connectDatabase({ ...tablesAt(place.href), migrations: [first!] }, silentLogger);
  try {
    await runMigrations(before, silentLogger);
    await before.transaction(async (tx) => {
      await tx.query(`SELECT set_config('millrace.tenant', 'acme', true)`);
      for (const status of ['active', 'paused', 'disabled'])
        await tx.query(
          `INSERT INTO endpoint (tenant, id, version, url, event_types, contract, headers, status, secrets, created_at, updated_at)
           VALUES ('acme', $1, 1, 'https://a.example/', '{"*"}', 'standard', '{}', $1, '[]', '2026-01-01', '2026-02-01')`,
          [status],
        );
    });
  } finally {
    await before.destroy();
  }
  const after = await connectDatabase(tablesAt(place.href), silentLogger);
  try {
    await runMigrations(after, silentLogger);
    const endpoints = await new EndpointStore(after).list('acme', null, 10);
    const [created, updated] = ['2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'];
    expect(endpoints.map(({ id, statusSince, statusBy, ordering }) => [id, statusSince, statusBy, ordering])).toEqual([
      ['paused', updated, null, 'none'],
      ['disabled', updated, 'millrace', 'none'],
      ['active', created, null, 'none'],
    ]);
    expect(await new EndpointStore(after).list('other', null, 10)).toEqual([]);
    await expect(after.query('SELECT count(*)::int AS n FROM endpoint')).resolves.toEqual([{ n: 0 }]);
  } finally {
    await after.destroy();
    await database.query(`ALTER DATABASE "${place.pathname.slice(1)}" OWNER TO CURRENT_USER`);
    await database.query(`DROP ROLE ${name}`).catch(() => {});
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
  expect(await service.endpoints.find('acme', created.id)).toEqual({
    ...change.endpoint,
    statusSince: created.createdAt,
    statusBy: 'test',
    connectionId: null,
  });
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

test('another tenant can neither change nor delete, rotate, test nor recover an endpoint', async () => {
  const { id } = await service.createEndpoint.handle(by('acme'), settings);
  const trace = { traceId: '0'.repeat(32), traceparent: '' };
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
  for (const attempt of [
    () =>
      service.recoverEndpoint.handle(by('other'), id, recoverEndpointRequest.parse({ since: hourAgo, only: 'all' })),
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
  expect(await service.endpoints.find('acme', id)).toMatchObject({ statusBy: 'millrace' });
  const enabled = await service.changeEndpoint.handle(by('acme'), id, { status: 'active' });
  expect(enabled.recovery).toEqual({
    suggested: { only: 'failed', since: enabled.createdAt },
    call: `POST /v1/endpoints/${id}/recover`,
  });
  expect((await service.changeEndpoint.handle(by('acme'), id, { status: 'active' })).recovery).toBeNull();
  expect(await service.disableEndpoint.handle(fact(2))).toBe(false);
  expect(await service.endpoints.find('acme', id)).toMatchObject({
    status: 'active',
    statusReason: null,
    statusBy: 'test',
    version: 4,
  });
});

test('an endpoint may be disabled for too many failures as well', async () => {
  const { id } = await service.createEndpoint.handle(by('acme'), settings);
  const reason = 'too_many_failures';
  const fact = { v: 1, kind: 'disabled', endpointId: id, tenant: 'acme', endpointVersion: 1, reason, at: 0 } as const;
  expect(await service.disableEndpoint.handle({ ...fact, deliveryId: 'd' })).toBe(true);
  expect(await service.endpoints.find('acme', id)).toMatchObject({ status: 'disabled', statusReason: reason });
});

describe('an endpoint that begins in the past', () => {
  const orders = () => log.of(topics.recoveries).map(decodeRecoveryOrder);
  const since = () => Date.now() - 86_400_000;

  test('has a recovery of what it missed, ordered with it', async () => {
    const startFrom = since();
    const created = await service.createEndpoint.handle(by('past'), { ...settings, startFrom });
    expect(created.startFrom).toEqual({
      recoveryId: expect.stringMatching(/^rec_/),
      since: new Date(startFrom).toISOString(),
    });
    const recovery = await service.recoveries.find('past', created.startFrom!.recoveryId);
    expect(recovery).toMatchObject({ endpointId: created.id, only: 'missing', since: startFrom, createdBy: 'test' });
    // what is accepted until the endpoint is known everywhere belongs to the job
    expect(recovery!.until).toBeGreaterThan(Date.parse(created.createdAt) + 60_000);
    expect(orders()).toEqual([
      expect.objectContaining({ recoveryId: recovery!.id, endpointId: created.id, wanted: 'run', dryRun: false }),
    ]);
    const written = log.messages.map(({ topic }) => topic);
    expect(written.indexOf(topics.endpoints)).toBeLessThan(written.indexOf(topics.recoveries));
  });

  test('is not there without it', async () => {
    await database.query('ALTER TABLE recovery RENAME TO recovery_away');
    try {
      await expect(
        service.createEndpoint.handle(by('past-broken'), { ...settings, startFrom: since() }),
      ).rejects.toThrow('recovery');
    } finally {
      await database.query('ALTER TABLE recovery_away RENAME TO recovery');
    }
    expect(await service.endpoints.list('past-broken', null, 10)).toEqual([]);
    await service.createEndpoint.handle(by('past-broken'), settings);
    expect(log.of(topics.endpoints)).toHaveLength(1);
    expect(orders()).toEqual([]);
  });

  test('is made once with one Idempotency-Key', async () => {
    const asked = { ...settings, startFrom: since() };
    const first = await service.createEndpoint.handle(once('past-once', 'k', 'body'), asked);
    expect(await service.createEndpoint.handle(once('past-once', 'k', 'body'), asked)).toEqual(first);
    expect(orders()).toHaveLength(1);
    expect(await service.recoveries.list('past-once', null, null, 10)).toHaveLength(1);
  });

  test.each([
    ['in the future', () => Date.now() + 60_000, 'must not lie in the future'],
    ['before the time that events are kept', () => Date.now() - 36 * 86_400_000, 'must be at most 35 days ago'],
  ])('is refused %s', async (_, at, detail) => {
    const refused = await refusal(service.createEndpoint.handle(by('past'), { ...settings, startFrom: at() }));
    expect(refused.problem).toMatchObject({
      code: 'invalid_request',
      errors: [{ path: 'startFrom', detail: expect.stringContaining(detail) }],
    });
  });
});

describe('recoveries', () => {
  const wanted = () =>
    recoverEndpointRequest.parse({ since: new Date(Date.now() - 3_600_000).toISOString(), only: 'all' });
  const orders = (id: string) =>
    log
      .of(topics.recoveries)
      .map(decodeRecoveryOrder)
      .filter((order) => order?.recoveryId === id);
  const told = (of: { id: string; endpointId: string }, more: Partial<RecoveryProgress> = {}): RecoveryProgress => ({
    v: 1,
    recoveryId: of.id,
    tenant: 'acme',
    endpointId: of.endpointId,
    version: 1,
    state: 'running',
    counts: { examined: 3_000_000_000, qualified: 2, sent: 1 },
    cursor: null,
    error: null,
    at: Date.now(),
    ...more,
  });
  const start = async () => {
    const { id } = await service.createEndpoint.handle(by('acme'), settings);
    return service.recoverEndpoint.handle(by('acme'), id, wanted());
  };

  test('progress is stored once, and only for the job that it names', async () => {
    const job = await start();
    expect(job).toMatchObject({ state: 'counting', wanted: 'run', endpointStatus: 'active', createdBy: 'test' });
    const progress = told(job);
    expect(await service.storeProgress.handle({ ...progress, tenant: 'other' })).toBe(false);
    expect(await service.storeProgress.handle({ ...progress, endpointId: `${job.endpointId}x` })).toBe(false);
    expect(await service.storeProgress.handle(progress)).toBe(true);
    const seen = await service.recoveryAnswers.one('acme', job.id);
    expect(seen).toMatchObject({ state: 'running', counts: progress.counts });
    expect(await service.storeProgress.handle({ ...progress, at: progress.at - 1, state: 'paused' })).toBe(false);
    await service.storeProgress.handle(progress);
    expect(await service.recoveryAnswers.one('acme', job.id)).toEqual(seen);
  });

  test('an order is changed one version at a time, and only by its tenant', async () => {
    const job = await start();
    await service.storeProgress.handle(told(job));
    expect(await refusal(service.steerRecovery.handle(by('other'), job.id, 'pause'))).toMatchObject({
      code: 'not_found',
    });
    for (const action of ['pause', 'pause', 'resume', 'cancel', 'cancel'] as const)
      await service.steerRecovery.handle(by('acme'), job.id, action);
    expect(orders(job.id).map((order) => [order?.version, order?.wanted])).toEqual([
      [1, 'run'],
      [2, 'pause'],
      [3, 'run'],
      [4, 'cancel'],
    ]);
    expect(await refusal(service.steerRecovery.handle(by('acme'), job.id, 'resume'))).toMatchObject({
      code: 'recovery_ended',
    });
  });

  test('twenty who steer at once leave one order for each version', async () => {
    const job = await start();
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        service.steerRecovery.handle(by('acme'), job.id, n % 2 === 0 ? 'pause' : 'resume'),
      ),
    );
    const versions = orders(job.id).map((order) => order!.version);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  });

  test('an endpoint has ten that have not ended', async () => {
    const { id } = await service.createEndpoint.handle(by('acme'), settings);
    const impatient = newService(1000, 10_000, 0);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, () => impatient.recoverEndpoint.handle(by('acme'), id, wanted())),
    );
    const jobs = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(jobs).toHaveLength(10);
    await service.storeProgress.handle(told(jobs[0]!, { state: 'done' }));
    await service.recoverEndpoint.handle(by('acme'), id, wanted());
  });

  test('end with their endpoint', async () => {
    const job = await start();
    const ended = await service.recoverEndpoint.handle(by('acme'), job.endpointId, wanted());
    await service.storeProgress.handle(told(ended, { state: 'done' }));
    await service.deleteEndpoint.handle(by('acme'), job.endpointId);
    expect(orders(job.id).at(-1)).toMatchObject({ wanted: 'cancel', version: 2 });
    expect(orders(ended.id)).toHaveLength(1);
    expect(await service.recoveryAnswers.one('acme', job.id)).toMatchObject({
      wanted: 'cancel',
      endpointStatus: 'deleted',
    });
    expect(await refusal(service.recoverEndpoint.handle(by('acme'), job.endpointId, wanted()))).toMatchObject({
      code: 'not_found',
    });
  });

  test('while Kafka is away one is refused with 503 but kept, and a repeat with its key finds it', async () => {
    const { id } = await service.createEndpoint.handle(by('acme'), settings);
    const request = by('acme', {
      tenant: 'acme',
      key: 'recover-away',
      route: 'recover',
      requestHash: requestHash('x'),
    });
    log.down = true;
    const refused = await refusal(newService(1000, 200).recoverEndpoint.handle(request, id, wanted()));
    expect(refused.code).toBe('unavailable');
    log.down = false;
    const job = await service.recoverEndpoint.handle(request, id, wanted());
    expect(refused.detail).toContain(job.id);
    await service.storeProgress.handle(told(job));
    expect(await service.recoverEndpoint.handle(request, id, wanted())).toMatchObject({ id: job.id, state: 'running' });
    expect(orders(job.id)).toHaveLength(1);
  });
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

describe('event types', () => {
  const described = {
    name: 'quality.measured',
    module: 'quality',
    description: 'x',
    example: { mm: 1.5, odd: '\u0000' },
  };
  const rules = (type: string) =>
    log
      .of(topics.eventRules)
      .map(decodeEventRule)
      .filter((change) =>
        change.kind === 'put' ? change.rule.type === type : change.kind === 'deleted' && change.type === type,
      );
  const closed = { type: 'object', required: ['mm'], properties: { mm: { type: 'number' } } };

  test('one of a tenant is in its list alone, and its example is what a test delivery carries', async () => {
    const view = await service.describeEventType.handle(by('acme'), described);
    expect(view).toMatchObject({ ...described, schema: null, builtIn: false, version: 1, validation: 'off' });
    expect(view.versions).toEqual([{ version: 1, breaking: false, createdAt: view.createdAt }]);
    expect(
      await refusal(service.describeEventType.handle(by('acme'), { ...described, name: 'machine.alarm' })),
    ).toMatchObject({ code: 'conflict' });
    expect((await service.catalogue.list('acme', null, 100)).map(({ name }) => name)).toEqual([
      ...BUILT_IN_EVENT_TYPES.map(({ name }) => name),
      'quality.measured',
    ]);
    expect(await service.catalogue.exampleOf('acme', 'quality.measured')).toEqual(described.example);
    expect((await service.catalogue.list('other', null, 100)).map(({ name }) => name)).not.toContain(
      'quality.measured',
    );
    expect(await refusal(service.catalogue.find('other', 'quality.measured'))).toMatchObject({ code: 'not_found' });
  });

  test('every built-in type has an example for a test delivery', async () => {
    for (const { name, example } of BUILT_IN_EVENT_TYPES)
      expect(await service.catalogue.exampleOf('acme', name)).toEqual(example);
  });

  test('a schema that differs is the next version, and the same one is none', async () => {
    const own = { ...described, name: 'quality.versions', example: { mm: 1 } };
    const first = await service.describeEventType.handle(by('acme'), { ...own, schema: closed });
    expect(first).toMatchObject({ version: 1, schema: closed });
    const again = await service.describeEventType.handle(by('acme'), { ...own, description: 'y', schema: closed });
    expect(again).toMatchObject({ version: 1, description: 'y' });
    const wider = { ...closed, properties: { ...closed.properties, by: { type: 'string' } } };
    expect(await service.describeEventType.handle(by('acme'), { ...own, schema: wider })).toMatchObject({ version: 2 });

    const narrower = { ...closed, required: ['mm', 'by'] };
    const refused = await refusal(service.describeEventType.handle(by('acme'), { ...own, schema: narrower }));
    expect([refused.code, refused.problem.errors]).toEqual([
      'incompatible_schema',
      [
        { path: 'schema.required', detail: 'requires "by", which was not required' },
        { path: 'data.by', detail: 'was described, and is not any more' },
      ],
    ]);
    const breaking = { ...own, schema: narrower, example: { mm: 1, by: 'x' }, breaking: true };
    expect(await service.describeEventType.handle(by('acme'), breaking)).toMatchObject({ version: 3 });
    const { versions } = await service.catalogue.find('acme', own.name);
    expect(versions.map(({ version, breaking: broke, schema }) => [version, broke, schema])).toEqual([
      [1, false, closed],
      [2, false, wider],
      [3, true, narrower],
    ]);
    // nobody has asked for events to be held to it
    expect(rules(own.name)).toEqual([]);
  });

  test('what is done with events that do not fit reaches Kafka before the answer, also of a built-in type', async () => {
    const own = { ...described, name: 'quality.held', example: undefined, schema: closed };
    await service.describeEventType.handle(by('acme'), { ...own, validation: 'warn' });
    await service.describeEventType.handle(by('acme'), {
      ...own,
      schema: { type: 'object', properties: { mm: true } },
    });
    await service.changeEventType.handle(by('acme'), own.name, { validation: 'reject' });
    await service.changeEventType.handle(by('acme'), own.name, { validation: 'off' });
    const schema = { type: 'object', properties: { mm: true } };
    const put = { v: 1, tenant: 'acme', type: own.name };
    expect(rules(own.name)).toEqual([
      { kind: 'put', rule: { ...put, validation: 'warn', version: 1, schema: closed } },
      { kind: 'put', rule: { ...put, validation: 'warn', version: 2, schema } },
      { kind: 'put', rule: { ...put, validation: 'reject', version: 2, schema } },
      { kind: 'deleted', tenant: 'acme', type: own.name },
    ]);

    const view = await service.changeEventType.handle(by('acme'), 'order.shipped', { validation: 'reject' });
    expect(view).toMatchObject({ name: 'order.shipped', builtIn: true, validation: 'reject' });
    expect(rules('order.shipped')).toEqual([
      {
        kind: 'put',
        rule: { v: 1, tenant: 'acme', type: 'order.shipped', validation: 'reject', version: 1, schema: null },
      },
    ]);
    expect(await service.catalogue.find('acme', 'order.shipped')).toMatchObject({ validation: 'reject' });
    expect(await service.catalogue.find('other', 'order.shipped')).toMatchObject({ validation: 'off' });
    const listed = await service.catalogue.list('acme', null, 100);
    expect(listed.find(({ name }) => name === 'order.shipped')).toMatchObject({ validation: 'reject' });
  });

  test('a type that events cannot be held to is refused', async () => {
    const bare = { ...described, name: 'quality.bare' };
    await service.describeEventType.handle(by('acme'), bare);
    expect(await refusal(service.changeEventType.handle(by('acme'), bare.name, { validation: 'warn' }))).toMatchObject({
      code: 'conflict',
    });
    expect(await refusal(service.changeEventType.handle(by('acme'), 'no.such', { validation: 'warn' }))).toMatchObject({
      code: 'not_found',
    });
    // as one of an earlier release could be, which took any JSON for a schema
    await inTenant(database, 'acme', (tx) =>
      tx.query(`UPDATE event_type SET schema = '{"type": "nothing"}' WHERE name = $1`, [bare.name]),
    );
    expect(await refusal(service.changeEventType.handle(by('acme'), bare.name, { validation: 'warn' }))).toMatchObject({
      code: 'invalid_schema',
    });
    await service.describeEventType.handle(by('acme'), { ...bare, schema: closed, example: { mm: 1 } });
    await service.changeEventType.handle(by('acme'), bare.name, { validation: 'warn' });
  });

  test('so many types of a tenant are validated, and one that is can be changed', async () => {
    await inTenant(database, 'many', (tx) =>
      tx.query(
        `INSERT INTO event_validation (tenant, name, validation) SELECT 'many', 'x.' || n, 'warn' FROM generate_series(1, $1) n`,
        [EVENT_TYPE_LIMITS.validated - 1],
      ),
    );
    await service.changeEventType.handle(by('many'), 'order.shipped', { validation: 'warn' });
    await service.changeEventType.handle(by('many'), 'order.shipped', { validation: 'reject' });
    expect(
      await refusal(service.changeEventType.handle(by('many'), 'order.picked', { validation: 'warn' })),
    ).toMatchObject({ code: 'conflict' });
    await service.changeEventType.handle(by('many'), 'order.shipped', { validation: 'off' });
    await service.changeEventType.handle(by('many'), 'order.picked', { validation: 'warn' });
  });

  test('twenty who post at once make twenty versions, one after the other', async () => {
    const own = { ...described, name: 'quality.race', example: undefined };
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        service.describeEventType.handle(by('acme'), { ...own, schema: { title: `n${n}` }, validation: 'warn' }),
      ),
    );
    const { versions } = await service.catalogue.find('acme', own.name);
    expect(versions.map(({ version }) => version)).toEqual(versions.map((_, index) => index + 1));
    expect(versions).toHaveLength(20);
    // the last word of the topic is the last version
    expect(rules(own.name).at(-1)).toMatchObject({
      rule: { version: 20, schema: versions.at(-1)!.schema },
    });
  });

  test('those of the release before become version 1', async () => {
    const fresh = await connectDatabase(tablesAt(await (await testEnvironment()).freshDatabase()), silentLogger);
    try {
      await runMigrations(fresh, silentLogger);
      const names = SUBSCRIPTION_TABLES.migrations.map(({ name }) => name);
      for (const _ of names.slice(names.indexOf('EventTypeVersions1770000000000'))) await fresh.undoLastMigration();
      await inTenant(fresh, 'acme', (tx) =>
        tx.query(
          `INSERT INTO event_type (tenant, name, module, description, schema, created_at)
           VALUES ('acme', 'a.b', 'm', '', '{"type": "object"}', now())`,
        ),
      );
      await runMigrations(fresh, silentLogger);
      expect(await new EventTypeStore(fresh).versions('acme', ['a.b'])).toMatchObject([
        { version: 1, schema: '{"type": "object"}', breaking: false },
      ]);
    } finally {
      await fresh.destroy();
    }
  });
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
  const startFrom = Date.now() - 1000;
  await service.createEndpoint.handle(by('wall-a'), { ...settings, startFrom });
  await service.createEndpoint.handle(by('wall-b'), { ...settings, startFrom });
  await database.query('CREATE ROLE plain_user');
  await database.query(`GRANT USAGE ON SCHEMA ${SUBSCRIPTION_SCHEMA} TO plain_user`);
  await database.query(`GRANT ALL ON endpoint, recovery TO plain_user`);
  const asPlainUser = (tenant: string | null, sql: string) =>
    database.transaction(async (tx) => {
      await tx.query('SET LOCAL ROLE plain_user');
      if (tenant !== null) await tx.query(`SELECT set_config('millrace.tenant', $1, true)`, [tenant]);
      return tx.query(sql);
    });
  try {
    for (const table of ['endpoint', 'recovery']) {
      expect(await asPlainUser('wall-a', `SELECT DISTINCT tenant FROM ${table}`)).toEqual([{ tenant: 'wall-a' }]);
      expect(await asPlainUser(null, `SELECT tenant FROM ${table}`)).toEqual([]);
      await expect(asPlainUser('wall-a', `UPDATE ${table} SET tenant = 'wall-b'`)).rejects.toThrow(
        'row-level security',
      );
    }
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
