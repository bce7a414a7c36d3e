import { silentLogger } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { createClient } from '../client/kafka-client';
import { KafkaConnection } from '../kafka-connection';
import type { DurableProducer } from '../producer/durable-producer';
import { keyed, logOf, numbered, text, topicSpec, valueText } from '../test-support/messages';

let kafka: KafkaConnection;
let producer: DurableProducer;
let brokers: string[];
let prefix: string;
let names = 0;

const freshTopic = async (partitions = 1, config = {}): Promise<string> => {
  const name = `${prefix}read-${names++}`;
  await kafka.provisionTopics([topicSpec(name, partitions, config)], 1);
  return name;
};

beforeAll(async () => {
  const environment = await testEnvironment();
  brokers = environment.brokers;
  prefix = environment.freshPrefix();
  kafka = new KafkaConnection({ brokers, clientId: 'reading-test', logger: silentLogger });
  producer = kafka.producer('test');
}, 120_000);

afterAll(async () => {
  await producer.close();
  await kafka.close();
});

describe('a compacted view', () => {
  test('starts with all that is there, follows, and leaves no group behind', async () => {
    const topic = await freshTopic(2, { 'cleanup.policy': 'compact' });
    await producer.send(keyed([...numbered(topic, 'a', 500, 0), ...numbered(topic, 'b', 500, 1)]));
    const seen: string[] = [];
    const view = kafka.compactedView({ topic, onMessage: (message) => seen.push(valueText(message)) });
    expect(view.health().reason).toBe('not started');
    await view.start();
    expect(seen).toHaveLength(1_000);
    for (let round = 0; round < 20; round++) {
      await producer.send(keyed([text(topic, `live${round}`)]));
      await view.waitForEnd();
      expect(seen.at(-1)).toBe(`live${round}`);
    }
    await Promise.all([view.waitForEnd(), view.waitForEnd(), view.waitForEnd()]);
    expect(view.health()).toEqual({ alive: true, reason: null });
    const admin = createClient({ brokers, clientId: 'groups', logger: silentLogger }, { retries: 1 }).admin();
    await admin.connect();
    expect((await admin.listGroups()).groups.filter(({ groupId }) => groupId.includes(topic))).toEqual([]);
    await admin.disconnect();
    await view.close();
  });

  test('an empty topic is caught up at once', async () => {
    const topic = await freshTopic();
    const view = kafka.compactedView({ topic, onMessage: () => {} });
    await view.start();
    await view.close();
  });

  test('a view that throws fails liveness and reads on', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 3));
    let calls = 0;
    const view = kafka.compactedView({
      topic,
      onMessage: () => {
        calls++;
        throw new Error('defect');
      },
    });
    await view.start();
    expect(calls).toBe(3);
    expect(view.health().alive).toBe(false);
    await view.close();
  });
});

describe('bounded reads', () => {
  test('from an offset, to an offset, and to the end at the time of the call', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 10));
    const read = async (from: bigint, to?: bigint): Promise<string[]> => {
      const values: string[] = [];
      await kafka.readRange({
        topic,
        partition: 0,
        from,
        ...(to === undefined ? {} : { to }),
        onMessage: (message) => values.push(valueText(message)),
      });
      return values;
    };
    expect(await read(7n)).toEqual(['r7', 'r8', 'r9']);
    expect(await read(2n, 4n)).toEqual(['r2', 'r3']);
    expect(await read(8n, 400n)).toEqual(['r8', 'r9']);
    expect(await read(10n)).toEqual([]);
    expect(await kafka.endOffsets(topic)).toEqual(new Map([[0, 10n]]));
  });

  test('from a time', async () => {
    const topic = await freshTopic(1, { 'message.timestamp.type': 'LogAppendTime' });
    await producer.send([text(topic, 'early')]);
    const early = Date.now();
    await eventually(() => Date.now() > early + 5, 'a later time');
    const cut = Date.now();
    await producer.send([text(topic, 'late')]);
    const values: string[] = [];
    await kafka.readRange({
      topic,
      partition: 0,
      from: { timestamp: cut },
      onMessage: (message) => values.push(valueText(message)),
    });
    expect(values).toEqual(['late']);
    const none: string[] = [];
    await kafka.readRange({
      topic,
      partition: 0,
      from: { timestamp: Date.now() + 60_000 },
      onMessage: (message) => none.push(valueText(message)),
    });
    expect(none).toEqual([]);
  });

  test('what is not there is an error', async () => {
    await expect(logOf(kafka, `${prefix}nowhere`)).rejects.toThrow();
    await expect(kafka.endOffsets(`${prefix}nowhere`)).rejects.toThrow();
    await expect(logOf(kafka, await freshTopic(), 5)).rejects.toThrow('partition 5');
  });

  test('transactions: what kafkajs aborts is never read, and the markers do not stop a reader', async () => {
    const topic = await freshTopic();
    const producerOf = () =>
      createClient({ brokers, clientId: 'tx', logger: silentLogger }, { retries: 3 }).producer({
        transactionalId: `${topic}-tx`,
        idempotent: true,
        maxInFlightRequests: 1,
      });
    const first = producerOf();
    await first.connect();
    const committed = await first.transaction();
    await committed.send({ topic, messages: [{ value: 'committed' }] });
    await committed.commit();
    const aborted = await first.transaction();
    await aborted.send({ topic, messages: [{ value: 'aborted' }] });
    await aborted.abort();

    const open = await first.transaction();
    await open.send({ topic, messages: [{ value: 'of the zombie' }] });
    const second = producerOf();
    await second.connect();
    // connecting fences nobody: kafkajs asks for the transactional id with the first transaction
    const later = await second.transaction();
    await expect(open.commit()).rejects.toThrow();
    await later.send({ topic, messages: [{ value: 'of the successor' }] });
    await later.commit();

    // A commit is answered when it is decided; that the partition's readers may go on beyond it follows a moment later.
    await eventually(async () => (await logOf(kafka, topic)).length > 1, 'the end of the last transaction');
    expect(await logOf(kafka, topic)).toEqual(['committed', 'of the successor']);
    const seen: string[] = [];
    const view = kafka.compactedView({ topic, onMessage: (message) => seen.push(valueText(message)) });
    await view.start();
    expect(seen).toEqual(['committed', 'of the successor']);
    await view.close();
    await first.disconnect();
    await second.disconnect();
  });
});
