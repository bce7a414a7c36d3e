import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { KafkaConnection } from '@millrace/kafka';
import { DATABASE, type Database, IDEMPOTENCY_TABLES, inTransaction } from '@millrace/postgres';
import { encodeApiKey, topicNames, topicSpecs } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually, type TestEnvironment, testEnvironment } from '@millrace/test-environment';
import { Controller, Get, HttpCode, Inject, Injectable, Module, Post } from '@nestjs/common';
import { z } from 'zod';
import { CurrentPrincipal, Public, RequireScope } from './auth/access';
import { generateApiKey } from './auth/api-key';
import type { ApiPrincipal } from './auth/api-key-directory';
import { bootService, TopicsMissing } from './boot-service';
import { JsonBody } from './http/body-decorators';
import { CurrentIdempotency } from './idempotency/idempotency.interceptor';
import type { IdempotencyScope } from './idempotency/idempotency-scope';
import { serviceDatabase } from './service-database';
import type { RunningService, ServiceDefinition } from './service-definition';
import { type KafkaWorker, Worker } from './workers/worker';

const ADMIN = 'mr_admin-key-of-this-test';

class Tables1700000000001 {
  async up(runner: { query(text: string): Promise<unknown> }): Promise<void> {
    for (const statement of IDEMPOTENCY_TABLES.up) await runner.query(statement);
    await runner.query('CREATE TABLE thing (name text NOT NULL)');
  }
  async down(): Promise<void> {}
}

const story: string[] = [];
let consumerIsAlive = true;
let consumerStart: () => Promise<void> = async () => {};

@Injectable()
@Worker('consumers')
class TestConsumer implements KafkaWorker {
  async start() {
    await consumerStart();
    story.push('consumer started');
  }
  async stop() {
    story.push('consumer stopped');
  }
  health() {
    return { alive: consumerIsAlive, reason: consumerIsAlive ? null : 'crashed' };
  }
}

@Injectable()
@Worker('publishers')
class TestPublisher implements KafkaWorker {
  async start() {
    story.push('publisher started');
  }
  async stop() {
    story.push('publisher stopped');
  }
  health() {
    return { alive: true, reason: null };
  }
}

@Controller('v1/things')
@RequireScope('webhooks:write')
class ThingController {
  constructor(@Inject(DATABASE) private readonly database: Database) {}

  @Post()
  async create(
    @JsonBody(z.object({ name: z.string(), fail: z.boolean().optional() })) thing: { name: string; fail?: boolean },
    @CurrentIdempotency() idempotency: IdempotencyScope | null,
  ) {
    return inTransaction(this.database, async (tx) => {
      await tx.query('INSERT INTO thing VALUES ($1)', [thing.name]);
      if (thing.fail) throw Object.assign(new Error('serialise'), { code: '57014' });
      const body = { name: thing.name, secret: randomBytes(8).toString('hex') };
      await idempotency?.complete({ status: 201, body }, tx);
      return body;
    });
  }

  @Post('plain')
  @HttpCode(202)
  plain() {
    return { number: Math.random() };
  }

  @Get('me')
  me(@CurrentPrincipal() principal: ApiPrincipal) {
    return principal;
  }

  @Public()
  @Get('slow')
  async slow() {
    story.push('slow began');
    await new Promise((resolve) => setTimeout(resolve, 300));
    story.push('slow ended');
    return { ok: true };
  }
}

@Module({
  imports: [serviceDatabase({ schema: 'test', migrations: [Tables1700000000001], idempotency: true })],
  controllers: [ThingController],
  providers: [TestConsumer, TestPublisher],
})
class TestModule {}

const definition: ServiceDefinition = { name: 'test-service', needs: ['database', 'secrets'], module: TestModule };

describe('a service on real Kafka and PostgreSQL', () => {
  let environment: TestEnvironment;
  let kafka: KafkaConnection;
  let prefix: string;
  let env: NodeJS.ProcessEnv;
  let service: RunningService | null = null;

  beforeAll(async () => {
    environment = await testEnvironment();
    kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'test', logger: silentLogger });
    prefix = environment.freshPrefix();
    const modules = (await import('@millrace/protocol')).EVENT_MODULES;
    await kafka.provisionTopics(topicSpecs({ prefix, partitions: 1, replicationFactor: 1, modules }), 1);
    env = {
      NODE_ENV: 'test',
      MILLRACE_SERVICE_PORT: '0',
      MILLRACE_SERVICE_HOST: '127.0.0.1',
      MILLRACE_KAFKA_BROKERS: environment.brokers.join(','),
      MILLRACE_DATABASE_URL: await environment.freshDatabase(),
      MILLRACE_TOPIC_PREFIX: prefix,
      MILLRACE_PARTITIONS: '1',
      MILLRACE_ADMIN_KEY: ADMIN,
      MILLRACE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    };
  }, 120_000);
  afterAll(() => kafka.close());
  beforeEach(() => {
    story.splice(0);
    consumerIsAlive = true;
    consumerStart = async () => {};
  });
  afterEach(async () => {
    await service?.stop();
    service = null;
  });

  const boot = async (overrides: NodeJS.ProcessEnv = {}): Promise<RunningService> => {
    service = await bootService(definition, { ...env, ...overrides });
    return service;
  };
  const post = async (path: string, body: object, headers: Record<string, string> = {}, key = ADMIN) => {
    const response = await fetch(`${service!.url}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as { secret?: string; code?: string },
    };
  };

  it('starts its workers in their order, is ready, and stops them in the opposite one', async () => {
    const running = await boot();
    expect(story).toEqual(['publisher started', 'consumer started']);
    expect(await (await fetch(`${running.url}/readyz`)).json()).toEqual({ status: 'ok', checks: { database: 'ok' } });
    await running.stop();
    expect(story.slice(2)).toEqual(['consumer stopped', 'publisher stopped']);
    await expect(fetch(`${running.url}/healthz`)).rejects.toThrow();
  }, 30_000);

  it('finishes the request in hand before it ends', async () => {
    const running = await boot();
    const slow = fetch(`${running.url}/v1/things/slow`);
    await eventually(() => story.includes('slow began'), 'the request is in hand');
    await running.stop();
    expect((await slow).status).toBe(200);
    expect(story.slice(-3)).toEqual(['consumer stopped', 'slow ended', 'publisher stopped']);
  }, 30_000);

  it('asks for a restart when a worker cannot go on', async () => {
    const running = await boot();
    expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
    consumerIsAlive = false;
    const answer = await fetch(`${running.url}/healthz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: 'failing', workers: [{ name: 'TestConsumer', reason: 'crashed' }] });
  }, 30_000);

  it('does not start on missing topics, and leaves nothing behind', async () => {
    const failure = await boot({ MILLRACE_TOPIC_PREFIX: environment.freshPrefix() }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TopicsMissing);
    expect((failure as Error).message).toContain('endpoints');
    expect(story).toEqual([]);
  }, 30_000);

  it('a worker that cannot start ends the start, and what had started', async () => {
    consumerStart = async () => {
      throw new Error('no such group');
    };
    await expect(boot()).rejects.toThrow('no such group');
    expect(story).toEqual(['publisher started', 'consumer stopped', 'publisher stopped']);
  }, 30_000);

  it('an API key works directly after it was published, and no longer after its revocation', async () => {
    const running = await boot();
    const key = generateApiKey(randomBytes);
    const producer = kafka.producer('keys');
    await producer.connect();
    const me = () => fetch(`${running.url}/v1/things/me`, { headers: { authorization: `Bearer ${key.text}` } });
    const topic = topicNames(prefix).apiKeys;
    await producer.send([
      encodeApiKey(topic, key.id, {
        v: 1,
        id: key.id,
        tenant: 'acme',
        name: 'n',
        sha256: key.sha256,
        scopes: ['webhooks:write'],
        expiresAt: null,
      }),
    ]);
    const answer = await me();
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ keyId: key.id, tenant: 'acme', scopes: ['webhooks:write'] });
    await producer.send([encodeApiKey(topic, key.id, null)]);
    await eventually(async () => (await me()).status === 401, 'the revocation is known', 5_000);
    await producer.close();
  }, 30_000);

  describe('Idempotency-Key', () => {
    it('repeats the answer, secret and all, and carries the request out once', async () => {
      await boot();
      const first = await post('/v1/things', { name: 'once' }, { 'idempotency-key': 'a' });
      const again = await post('/v1/things', { name: 'once' }, { 'idempotency-key': 'a' });
      expect(first.status).toBe(201);
      expect(again.status).toBe(201);
      expect(again.body).toEqual(first.body);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      const other = await post('/v1/things', { name: 'twice' }, { 'idempotency-key': 'a' });
      expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
    }, 30_000);

    it('works for a handler that knows nothing of it, with the status of its route', async () => {
      await boot();
      const first = await post('/v1/things/plain', {}, { 'idempotency-key': 'b' });
      const again = await post('/v1/things/plain', {}, { 'idempotency-key': 'b' });
      expect([first.status, again.status]).toEqual([202, 202]);
      expect(again.body).toEqual(first.body);
    }, 30_000);

    it('a failure frees the key', async () => {
      await boot();
      const failed = await post('/v1/things', { name: 'x', fail: true }, { 'idempotency-key': 'c' });
      expect(failed).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect((await post('/v1/things', { name: 'x' }, { 'idempotency-key': 'c' })).status).toBe(201);
    }, 30_000);

    it('of twenty at once one is carried out, the others are told', async () => {
      await boot();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => post('/v1/things', { name: 'x' }, { 'idempotency-key': 'd' })),
      );
      const made = answers.filter(({ status }) => status === 201);
      expect(new Set(made.map(({ body }) => body.secret)).size).toBe(1);
      expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    }, 30_000);
  });
});
