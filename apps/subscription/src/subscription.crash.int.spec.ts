import { randomBytes } from 'node:crypto';
import { KafkaConnection } from '@millrace/kafka';
import {
  decodeEndpoint,
  type EndpointView,
  EVENT_MODULES,
  encodeEndpointDisabled,
  type TopicNames,
  topicNames,
  topicSpecs,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import {
  eventually,
  isolatedEnvironment,
  ServiceProcess,
  serviceVariables,
  type TestEnvironment,
} from '@millrace/test-environment';

jest.setTimeout(300_000);

const adminKey = `mr_admin1_${randomBytes(24).toString('hex')}`;
const body = { url: 'http://127.0.0.1:9/hooks', eventTypes: ['*'] };

let environment: TestEnvironment;
let kafka: KafkaConnection;
let topics: TopicNames;
let first: ServiceProcess;
let second: ServiceProcess;

type Answer = {
  status: number;
  headers: Headers;
  body: EndpointView & { secret: string; code: string; detail: string };
};

const call = async (
  service: ServiceProcess,
  method: string,
  path: string,
  content?: unknown,
  key?: string,
): Promise<Answer> => {
  const answer = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${adminKey}`,
      ...(content === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) };
};

/** Last state of every endpoint in the topic, and the order of versions of each. */
const topicState = async () => {
  const versions = new Map<string, number[]>();
  await kafka.readRange({
    topic: topics.endpoints,
    partition: 0,
    from: 0n,
    onMessage: (message) => {
      const change = decodeEndpoint(message);
      if (change.kind !== 'put') return;
      versions.set(change.endpoint.id, [...(versions.get(change.endpoint.id) ?? []), change.endpoint.version]);
    },
  });
  return versions;
};

beforeAll(async () => {
  environment = await isolatedEnvironment();
  const prefix = environment.freshPrefix();
  topics = topicNames(prefix);
  kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'test', logger: silentLogger });
  await kafka.provisionTopics(topicSpecs({ prefix, partitions: 1, replicationFactor: 1, modules: EVENT_MODULES }), 1);
  const variables = {
    ...serviceVariables({
      brokers: environment.brokers,
      databaseUrl: await environment.freshDatabase(),
      prefix,
      adminKey,
      encryptionKey: randomBytes(32).toString('base64'),
      partitions: 1,
    }),
    MILLRACE_ACKNOWLEDGE_WITHIN_MS: '1500',
    MILLRACE_ENDPOINTS_PER_TENANT: '1000000',
  };
  [first, second] = await Promise.all([
    ServiceProcess.start('subscription', { variables }),
    ServiceProcess.start('subscription', { variables }),
  ]);
  await Promise.all([first.waitReady(60_000), second.waitReady(60_000)]);
});
afterAll(async () => {
  await Promise.all([first?.stop(), second?.stop()]);
  await kafka?.close();
  await environment?.close();
});

test('while Kafka is down a creation is answered 503, kept, and published when Kafka is back', async () => {
  await environment.stopBroker('kill');
  const refused = await call(first, 'POST', '/v1/endpoints', body, 'while-down');
  expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const id = /ep_[0-9a-z]{26}/.exec(refused.body.detail)?.[0];
  const unkeyed = await call(second, 'POST', '/v1/endpoints', body);
  const otherId = /ep_[0-9a-z]{26}/.exec(unkeyed.body.detail)?.[0];
  expect((await call(second, 'GET', `/v1/endpoints/${id}`)).status).toBe(200);
  expect((await call(second, 'POST', '/v1/endpoints', body, 'while-down')).status).toBe(503);
  await environment.startBroker();
  const answer = await eventually(
    async () => {
      const again = await call(second, 'POST', '/v1/endpoints', body, 'while-down');
      return again.status === 201 ? again : null;
    },
    'the repeat to be acknowledged',
    60_000,
  );
  expect(answer.body.id).toBe(id);
  expect(answer.body.secret).toMatch(/^whsec_/);
  const state = await topicState();
  expect(state.get(id!)).toContain(1);
  await eventually(async () => (await topicState()).has(otherId!), 'the other endpoint to be published', 30_000);
});

test('what was answered is in the topic, however often the processes are killed', async () => {
  const known = new Map<string, number>();
  const problems: string[] = [];
  let working = true;
  const worker = async (number: number) => {
    for (let round = 0; working; round++) {
      const service = (number + round) % 2 === 0 ? first : second;
      try {
        const created = await call(service, 'POST', '/v1/endpoints', body, `w${number}-${round}`);
        if (created.status === 500) problems.push(created.body.detail);
        if (created.status !== 201) continue;
        known.set(created.body.id, 1);
        const changed = await call(service, 'PATCH', `/v1/endpoints/${created.body.id}`, { description: `${round}` });
        if (changed.status === 200) known.set(created.body.id, changed.body.version);
      } catch {
        // the process was killed under the request
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const workers = [1, 2, 3, 4].map(worker);
  for (let kill = 0; kill < 5; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 400));
    const victim = kill % 2 === 0 ? first : second;
    await victim.kill('SIGKILL');
    await victim.startAgain();
    await victim.waitReady(60_000);
  }
  // A slow machine answers few requests between the kills; the promise is about those that were answered.
  await eventually(() => known.size > 20, 'enough answers to judge by', 60_000);
  working = false;
  await Promise.all(workers);
  expect(problems).toEqual([]);
  const state = await topicState();
  for (const [id, version] of known) expect([id, state.get(id)?.includes(version)]).toEqual([id, true]);
  for (const versions of state.values()) {
    let highest = 0;
    for (const version of versions) {
      expect(version).toBeLessThanOrEqual(highest + 1);
      highest = Math.max(highest, version);
    }
  }
});

test('what was stored by a process that was killed before it was published, the other one publishes', async () => {
  await eventually(
    async () => (await call(second, 'POST', '/v1/endpoints', body)).status === 201,
    'a working pair',
    90_000,
  );
  await environment.stopBroker('kill');
  const refused = await call(first, 'POST', '/v1/endpoints', body);
  const id = /ep_[0-9a-z]{26}/.exec(refused.body.detail)?.[0];
  expect([refused.status, id]).toEqual([503, expect.any(String)]);
  await first.kill('SIGKILL');
  await environment.startBroker();
  await eventually(async () => (await topicState()).has(id!), 'the endpoint of the killed process', 60_000);
  await first.startAgain();
  await first.waitReady(60_000);
});

test('an immediate stop of PostgreSQL costs time, not facts; nothing answers 500', async () => {
  const created = await eventually(
    async () => {
      const answer = await call(first, 'POST', '/v1/endpoints', body);
      return answer.status === 201 ? answer : null;
    },
    'an endpoint',
    40_000,
  );
  const producer = kafka.producer('facts');
  await environment.stopDatabase('immediate');
  await producer.send([
    encodeEndpointDisabled(topics.endpointLifecycle, {
      v: 1,
      kind: 'disabled',
      endpointId: created.body.id,
      tenant: 'default',
      endpointVersion: 1,
      reason: 'receiver_answered_410',
      at: Date.now(),
      deliveryId: 'd',
    }),
  ]);
  for (const [method, path, content] of [
    ['POST', '/v1/endpoints', body],
    ['GET', '/v1/endpoints', undefined],
    ['PATCH', `/v1/endpoints/${created.body.id}`, { status: 'paused' }],
  ] as const) {
    const answer = await call(first, method, path, content, method === 'POST' ? 'db-down' : undefined);
    expect([method, answer.status, answer.body.code]).toEqual([method, 503, 'unavailable']);
  }
  await environment.startDatabase();
  await eventually(
    async () => (await call(second, 'GET', `/v1/endpoints/${created.body.id}`)).body.status === 'disabled',
    'the fact to be carried out',
    40_000,
  );
  const after = await eventually(
    async () => {
      const answer = await call(first, 'POST', '/v1/endpoints', body, 'db-down');
      return answer.status === 201 ? answer : null;
    },
    'an endpoint after the restart',
    40_000,
  );
  expect((await topicState()).has(after.body.id)).toBe(true);
  await producer.close();
});
