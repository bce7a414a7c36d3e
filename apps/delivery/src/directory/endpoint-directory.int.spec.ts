import { DEFAULT_OPTIONS, type Endpoint } from '@millrace/domain';
import { KafkaConnection } from '@millrace/kafka';
import { EVENT_MODULES, encodeEndpoint, type TopicNames, topicNames, topicSpecs } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { EndpointDirectory } from './endpoint-directory';

let kafka: KafkaConnection;
let producer: ReturnType<KafkaConnection['producer']>;
let topics: TopicNames;

beforeAll(async () => {
  const environment = await testEnvironment();
  const prefix = environment.freshPrefix();
  topics = topicNames(prefix);
  kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'directory-test', logger: silentLogger });
  await kafka.provisionTopics(topicSpecs({ prefix, partitions: 3, replicationFactor: 1, modules: EVENT_MODULES }), 1);
  producer = kafka.producer('test');
  await producer.connect();
}, 120_000);

afterAll(async () => {
  await producer.close();
  await kafka.close();
});

const endpoint = (n: number, machine: string, version = 1): Endpoint => ({
  id: `ep_${n}`,
  tenant: 'default',
  version,
  url: 'https://receiver.example/hook',
  eventTypes: ['machine.*'],
  filter: { machine, code: { $gte: 10 } },
  contract: 'standard',
  headers: {},
  status: 'active',
  statusReason: null,
  timeoutMs: null,
  ordering: 'none',
  rateLimit: null,
  retry: null,
  options: DEFAULT_OPTIONS,
  runUrls: false,
  description: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  secrets: [],
});
const put = (each: Endpoint) => encodeEndpoint(topics.endpoints, each.id, each);
const idsFor = (directory: EndpointDirectory, machine: string) =>
  directory.index
    .match({
      id: 'evt_1',
      tenant: 'default',
      type: 'machine.alarm',
      source: '/line-1',
      subject: null,
      time: '2026-02-17T13:59:55Z',
      data: JSON.stringify({ machine, code: 17 }),
    })
    .map((entry) => entry.endpoint.id)
    .sort();

describe('the endpoint directory', () => {
  it('starts with every endpoint in its latest version, and has a change within a second', async () => {
    await producer.send(Array.from({ length: 3_000 }, (_, n) => put(endpoint(n, `M-${n}`))));
    await producer.send([
      put(endpoint(1, 'M-2', 2)),
      encodeEndpoint(topics.endpoints, 'ep_3', null),
      { topic: topics.endpoints, key: 'ep_4', value: Buffer.from('{"v":1,"endpoint":{"filter":"x"}}'), headers: {} },
    ]);
    const directory = new EndpointDirectory(kafka, topics, silentLogger);
    await directory.start();
    expect(directory.index.size).toBe(2_999);
    expect(idsFor(directory, 'M-1')).toEqual([]);
    expect(idsFor(directory, 'M-2')).toEqual(['ep_1', 'ep_2']);
    expect(idsFor(directory, 'M-3')).toEqual([]);
    // Its unreadable record leaves an endpoint as it was.
    expect(idsFor(directory, 'M-4')).toEqual(['ep_4']);

    const delays: number[] = [];
    for (let n = 10; n < 30; n++) {
      const sent = performance.now();
      await producer.send([put(endpoint(n, 'M-new', 2))]);
      await eventually(() => idsFor(directory, 'M-new').includes(`ep_${n}`), `the change of ep_${n}`);
      delays.push(performance.now() - sent);
    }
    delays.sort((a, b) => a - b);
    expect(delays[Math.floor(delays.length * 0.9)]).toBeLessThan(1_000);

    await producer.send([encodeEndpoint(topics.endpoints, 'ep_10', null)]);
    await directory.caughtUp();
    expect(idsFor(directory, 'M-new')).not.toContain('ep_10');
    await directory.stop();
  }, 60_000);
});
