import { partitionOfKey } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { testEnvironment } from '@millrace/test-environment';
import { createClient } from '../client/kafka-client';
import { KafkaConnection } from '../kafka-connection';
import { BrokerProxy } from '../test-support/broker-proxy';
import { logOf, numbered, text, topicSpec } from '../test-support/messages';
import { BatchingProducer } from './batching-producer';
import { BufferFull, ProduceFailed } from './durable-producer';

const PRODUCE = 0;
const REQUEST_TIMED_OUT = 7;
let kafka: KafkaConnection;
let prefix: string;
let broker: string;
let proxy: BrokerProxy;
let proxied: KafkaConnection;
let topics = 0;

const freshTopic = async (partitions = 1): Promise<string> => {
  const name = `${prefix}produce-${topics++}`;
  await kafka.provisionTopics([topicSpec(name, partitions, { 'max.message.bytes': '1048588' })], 1);
  return name;
};

beforeAll(async () => {
  const environment = await testEnvironment();
  prefix = environment.freshPrefix();
  broker = environment.brokers[0]!;
  const settings = { clientId: 'producer-test', logger: silentLogger };
  kafka = new KafkaConnection({ ...settings, brokers: [broker] });
  proxy = await BrokerProxy.start(broker);
  proxied = new KafkaConnection({ ...settings, brokers: [proxy.address] });
}, 120_000);

afterEach(() => {
  proxy.judge = () => 'pass';
});

afterAll(async () => {
  await kafka.close();
  await proxied.close();
  await proxy.close();
});

describe('a durable producer', () => {
  test('keeps order, keys, headers and tombstones', async () => {
    const topic = await freshTopic(4);
    const producer = kafka.producer('plain');
    await producer.send([
      { topic, key: 'machine-7', value: Buffer.from([0, 255, 1]), headers: { a: 'ä', b: '' } },
      { topic, key: 'machine-7', value: null, headers: {} },
    ]);
    const found: unknown[] = [];
    await kafka.readRange({
      topic,
      partition: partitionOfKey('machine-7', 4),
      from: 0n,
      onMessage: ({ key, value, headers }) =>
        found.push([key?.toString(), value, headers['a']?.toString(), headers['b']]),
    });
    expect(found).toEqual([
      ['machine-7', Buffer.from([0, 255, 1]), 'ä', Buffer.alloc(0)],
      ['machine-7', null, undefined, undefined],
    ]);
    await producer.close();
  });

  test('K1: with lost acknowledgements every acknowledged message is in the log, in order, once for each call', async () => {
    const topic = await freshTopic();
    const producer = proxied.producer('k1', { deliveryTimeoutMs: 3_000 });
    await producer.connect();
    let seen = 0;
    proxy.judge = ({ apiKey }) => {
      if (apiKey !== PRODUCE || ++seen > 5 || seen % 2 === 0) return 'pass';
      return seen === 3 ? 'drop' : 'cut';
    };
    const acknowledged: string[] = [];
    const sends: Promise<void>[] = [];
    for (let call = 0; call < 60; call++) {
      const value = `call-${call}`;
      sends.push(producer.send([text(topic, value, 0)]).then(() => void acknowledged.push(value)));
      if (call % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await Promise.all(sends);
    const log = await logOf(kafka, topic);
    expect(seen).toBeGreaterThan(3);
    expect(acknowledged).toHaveLength(60);
    expect(acknowledged.filter((value) => !log.includes(value))).toEqual([]);
    expect([...new Set(log)]).toEqual(acknowledged);
    await producer.close();
  }, 30_000);

  test('K1: kafkajs alone loses an acknowledged message when sends overlap', async () => {
    const topic = await freshTopic();
    const client = createClient(
      { brokers: [proxy.address], clientId: 'k1', logger: silentLogger },
      { retries: 5, requestTimeoutMs: 1_000 },
    );
    const bare = client.producer({ idempotent: true, maxInFlightRequests: 1 });
    await bare.connect();
    await bare.send({ topic, messages: [{ value: 'first', partition: 0 }] });
    let cut = false;
    proxy.judge = ({ apiKey }) => {
      if (apiKey !== PRODUCE || cut) return 'pass';
      cut = true;
      return 'drop';
    };
    const both = ['a', 'b'].map((value) => bare.send({ topic, messages: [{ value, partition: 0 }] }));
    await Promise.all(both);
    const log = await logOf(kafka, topic);
    expect(['a', 'b'].filter((value) => !log.includes(value))).toHaveLength(1);
    await bare.disconnect();
  }, 30_000);

  test('K1: a repeat keeps the numbers by which the broker knows it, and leaves out what was acknowledged', async () => {
    const topic = await freshTopic(2);
    const producer = proxied.producer('partly', { deliveryTimeoutMs: 20_000 });
    await producer.send([text(topic, 'before', 0), text(topic, 'before', 1)]);
    const partitions: number[] = [];
    proxy.judge = ({ apiKey, frame }) => {
      if (apiKey !== PRODUCE) return 'pass';
      const firstPartition = 4 + 4 + 2 + topic.length + 4;
      partitions.push(frame.readInt32BE(firstPartition - 4));
      if (partitions.length > 1) return 'pass';
      // the broker has written it all the same
      const altered = Buffer.from(frame);
      altered.writeInt16BE(REQUEST_TIMED_OUT, firstPartition + 4);
      return altered;
    };
    await producer.send([text(topic, 'x', 0), text(topic, 'x', 1)]);
    expect(partitions).toEqual([2, 1]);
    proxy.judge = () => 'pass';
    await producer.send([text(topic, 'after', 0), text(topic, 'after', 1)]);
    for (const partition of [0, 1]) expect(await logOf(kafka, topic, partition)).toEqual(['before', 'x', 'after']);
    await producer.close();
  });

  test('an error of unknown outcome replaces the sender, and the batch goes out again', async () => {
    const topic = await freshTopic();
    let made = 0;
    const producer = new BatchingProducer(
      {
        name: 'replaced',
        deliveryTimeoutMs: 20_000,
        compression: 'none',
        maxBufferedBytes: 1024 * 1024,
        requestTimeoutMs: 2_000,
        logger: silentLogger,
      },
      {
        now: Date.now,
        kafka: () => {
          made++;
          return createClient({ brokers: [proxy.address], clientId: 'r', logger: silentLogger }, { retries: 1 });
        },
      },
    );
    await producer.connect();
    // each sender tries twice, under numbers by which the broker knows the repeat
    let cuts = 4;
    proxy.judge = ({ apiKey }) => (apiKey === PRODUCE && cuts-- > 0 ? 'cut' : 'pass');
    await producer.send([text(topic, 'x', 0)]);
    expect(made).toBe(3);
    expect(await logOf(kafka, topic)).toEqual(['x', 'x', 'x']);
    await producer.close();
  });

  test('K2: a producer serves for a day and is then replaced by one with a new producer id', async () => {
    const topic = await freshTopic();
    let made = 0;
    let now = Date.now();
    const producer = new BatchingProducer(
      {
        name: 'daily',
        deliveryTimeoutMs: 20_000,
        compression: 'none',
        maxBufferedBytes: 1024 * 1024,
        requestTimeoutMs: 5_000,
        logger: silentLogger,
      },
      {
        now: () => now,
        kafka: () => {
          made++;
          return createClient({ brokers: [broker], clientId: 'd', logger: silentLogger }, { retries: 2 });
        },
      },
    );
    await producer.send([text(topic, 'today', 0)]);
    await producer.send([text(topic, 'still today', 0)]);
    expect(made).toBe(1);
    now += 86_400_000;
    await producer.send([text(topic, 'tomorrow', 0)]);
    expect(made).toBe(2);
    expect(await logOf(kafka, topic)).toEqual(['today', 'still today', 'tomorrow']);
    await producer.close();
  });

  test('rejects a call after the delivery timeout, and works again when the broker answers', async () => {
    const topic = await freshTopic();
    const producer = proxied.producer('late', { deliveryTimeoutMs: 1_500 });
    await producer.connect();
    proxy.judge = ({ apiKey }) => (apiKey === PRODUCE ? 'drop' : 'pass');
    const failure = await producer.send([text(topic, 'late', 0)]).catch((error) => error);
    expect(failure).toBeInstanceOf(ProduceFailed);
    expect(failure.retriable).toBe(true);
    expect(producer.bufferedBytes).toBe(0);
    proxy.judge = () => 'pass';
    await producer.send([text(topic, 'again', 0)]);
    expect(await logOf(kafka, topic)).toContain('again');
    await producer.close();
  });

  test('K14: an unknown topic is not created, and the call is rejected', async () => {
    const topic = `${prefix}nowhere`;
    const producer = kafka.producer('nowhere', { deliveryTimeoutMs: 1_500 });
    await expect(producer.send([text(topic, 'x')])).rejects.toThrow(ProduceFailed);
    expect(await kafka.missingTopics([topicSpec(topic)])).toEqual([`topic ${topic} is missing`]);
    await producer.close();
  });

  test('a partition that does not exist is an error, not a silent loss', async () => {
    const topic = await freshTopic(2);
    const producer = kafka.producer('gap', { deliveryTimeoutMs: 1_000 });
    await expect(producer.send([text(topic, 'x', 7)])).rejects.toThrow(ProduceFailed);
    await producer.close();
  });

  test('a refused message fails its own call only', async () => {
    const topic = await freshTopic();
    const producer = kafka.producer('refused', { compression: 'none' });
    const results = await Promise.allSettled([
      producer.send([text(topic, 'before', 0)]),
      producer.send([{ topic, key: null, value: Buffer.alloc(1_200_000), headers: {}, partition: 0 }]),
      producer.send([text(topic, 'after', 0)]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({
      name: 'ProduceFailed',
      retriable: false,
      tooLarge: true,
    });
    expect((await logOf(kafka, topic)).filter((value) => value.length < 10)).toEqual(['before', 'after']);
    await producer.close();
  });

  test('a full buffer rejects at once and takes calls again when it has emptied', async () => {
    const topic = await freshTopic();
    const producer = proxied.producer('full', { maxBufferedBytes: 4_000, deliveryTimeoutMs: 20_000 });
    await producer.connect();
    const first = producer.send(numbered(topic, 'x', 50));
    await expect(producer.send(numbered(topic, 'y', 50))).rejects.toThrow(BufferFull);
    await first;
    expect(producer.bufferedBytes).toBe(0);
    await producer.send(numbered(topic, 'z', 50));
    expect(await logOf(kafka, topic)).toHaveLength(100);
    await producer.close();
  });

  test('a call larger than a request is cut, and closing sends what is buffered', async () => {
    const topic = await freshTopic();
    const producer = kafka.producer('large');
    const big = Array.from({ length: 30 }, (_, index) => ({
      ...text(topic, '', 0),
      value: Buffer.from(String(index).padEnd(100_000, '.')),
    }));
    const sent = producer.send(big);
    await producer.close();
    await sent;
    expect((await logOf(kafka, topic)).map((value) => Number.parseInt(value, 10))).toEqual(
      big.map((_, index) => index),
    );
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('writes and reads %s', async (compression) => {
    const topic = await freshTopic();
    const producer = kafka.producer(compression, { compression });
    const messages = numbered(topic, 'a value that repeats itself, a value that repeats itself ', 100);
    await producer.send(messages);
    expect(await logOf(kafka, topic)).toEqual(messages.map(({ value }) => value!.toString()));
    await producer.close();
  });
});
