import { silentLogger } from '@millrace/telemetry';
import { eventually, isolatedEnvironment, type TestEnvironment, testEnvironment } from '@millrace/test-environment';
import { KafkaConnection } from '../kafka-connection';
import { BrokerProxy, type PassingResponse, type Verdict } from '../test-support/broker-proxy';
import { Collected } from '../test-support/collecting';
import { logOf, numbered, text, topicSpec } from '../test-support/messages';

jest.setTimeout(90_000);

const HEARTBEAT = 12;
const JOIN = 11;
/** Kafka has no such code; kafkajs takes the codes that it does not know for fatal. */
const UNKNOWN_CODE = 119;

const window = { recordsPerPartition: 100, bytes: 1_000_000 };

describe('a consumer whose kafkajs consumer ended', () => {
  let proxy: BrokerProxy;
  let kafka: KafkaConnection;
  let prefix: string;

  beforeAll(async () => {
    const environment = await testEnvironment();
    prefix = environment.freshPrefix();
    proxy = await BrokerProxy.start(environment.brokers[0]!);
    kafka = new KafkaConnection({ brokers: [proxy.address], clientId: 'recovery', logger: silentLogger });
  });

  afterAll(async () => {
    await kafka.close();
    await proxy.close();
  });

  test('K11: an unknown error code fails liveness, a new consumer is built, and it skips what was finished', async () => {
    const topic = `${prefix}k11`;
    await kafka.provisionTopics([topicSpec(topic)], 1);
    const producer = kafka.producer('k11');
    await producer.send(numbered(topic, 'r', 3));
    const collected = new Collected();
    const consumer = kafka.windowedConsumer({
      groupId: `${topic}-group`,
      topics: [topic],
      window,
      commitIntervalMs: 20,
      maxWaitMs: 50,
      onRecord: collected.onRecord,
    });
    await consumer.start();
    await eventually(() => collected.records.length === 3, 'all records');
    collected.complete('r0', 'r2');
    await consumer.commitNow();

    let joinsBlocked = true;
    proxy.judge = ({ apiKey, frame }: PassingResponse): Verdict => {
      if (apiKey === JOIN && joinsBlocked) return 'cut';
      if (apiKey !== HEARTBEAT || !joinsBlocked) return 'pass';
      const altered = Buffer.from(frame);
      // correlation id, throttle time, error code
      altered.writeInt16BE(UNKNOWN_CODE, 8);
      return altered;
    };
    await eventually(() => !consumer.health().alive, 'liveness to fail');
    expect(collected.of('r1').current).toBe(false);
    joinsBlocked = false;
    await eventually(() => consumer.health().alive && consumer.health().reason === null, 'the new consumer', 20_000);
    await producer.send([text(topic, 'end')]);
    await eventually(() => collected.values.includes('end'), 'the record behind the others');
    expect(collected.values).toEqual(['r0', 'r1', 'r2', 'r1', 'end']);
    await producer.close();
    await consumer.stop(0);
  });

  test('waits for a broker that is not there yet, and can be stopped meanwhile', async () => {
    const nowhere = new KafkaConnection({ brokers: ['127.0.0.1:1'], clientId: 'nowhere', logger: silentLogger });
    const consumer = nowhere.windowedConsumer({ groupId: 'g', topics: ['t'], window, onRecord: () => {} });
    const started = consumer.start();
    await expect(nowhere.ping()).rejects.toThrow();
    expect(consumer.health()).toMatchObject({ alive: true, reason: expect.any(String) });
    await consumer.stop(0);
    await started;
    await nowhere.close();
  });
});

describe('when the broker is killed', () => {
  let environment: TestEnvironment;

  beforeAll(async () => {
    environment = await isolatedEnvironment();
  });
  afterAll(async () => {
    await environment.close();
  });

  test('producer, consumer and view go on by themselves, and every acknowledged message is in the log and handed out', async () => {
    const kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'kill', logger: silentLogger });
    const topic = 'kill';
    const compacted = 'kill-compacted';
    await kafka.provisionTopics([topicSpec(topic), topicSpec(compacted, 1, { 'cleanup.policy': 'compact' })], 1);
    const producer = kafka.producer('kill', { deliveryTimeoutMs: 60_000 });
    const collected = new Collected();
    const consumer = kafka.windowedConsumer({
      groupId: 'kill-group',
      topics: [topic],
      window: { recordsPerPartition: 10_000, bytes: 100_000_000 },
      commitIntervalMs: 50,
      maxWaitMs: 50,
      sessionTimeoutMs: 6_000,
      onRecord: (record) => {
        collected.onRecord(record);
        record.complete();
      },
    });
    const applied: string[] = [];
    const view = kafka.compactedView({ topic: compacted, onMessage: ({ value }) => applied.push(String(value)) });
    await Promise.all([consumer.start(), view.start()]);

    const acknowledged: string[] = [];
    const sends: Promise<unknown>[] = [];
    let sent = 0;
    const sending = setInterval(() => {
      const value = `m${sent++}`;
      sends.push(producer.send([text(topic, value, 0)]).then(() => acknowledged.push(value)));
    }, 5);
    await eventually(() => acknowledged.length > 50, 'messages before the kill');
    await environment.restartBroker('kill');
    const before = acknowledged.length;
    await eventually(() => acknowledged.length > before + 50, 'messages after the kill', 60_000);
    clearInterval(sending);
    await Promise.all(sends);
    await producer.send([{ topic: compacted, key: 'k', value: Buffer.from('after'), headers: {} }]);
    await view.waitForEnd();
    expect(applied).toEqual(['after']);
    const log = new Set(await logOf(kafka, topic));
    expect(acknowledged.filter((value) => !log.has(value))).toEqual([]);
    await eventually(() => new Set(collected.values).size === sent, 'all records at the consumer', 30_000);
    expect(consumer.health().alive).toBe(true);
    await consumer.stop(1_000);
    await view.close();
    await producer.close();
    await kafka.close();
  });
});
