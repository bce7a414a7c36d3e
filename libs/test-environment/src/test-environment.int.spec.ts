import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import { isolatedEnvironment, type TestEnvironment, testEnvironment } from './test-environment';

const kafkaOf = (brokers: string[]) =>
  new Kafka({ clientId: 'test', brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 20 } });

const query = async (url: string, sql: string): Promise<Array<{ [name: string]: unknown }>> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};

describe('the shared environment', () => {
  it('is one for all who ask, with databases and prefixes of their own', async () => {
    const [one, two] = await Promise.all([testEnvironment(), testEnvironment()]);
    expect(two.brokers).toEqual(one.brokers);
    const [first, second] = await Promise.all([one.freshDatabase(), two.freshDatabase()]);
    await query(first, 'CREATE TABLE t (n int)');
    expect(await query(second, "SELECT to_regclass('t') AS t")).toEqual([{ t: null }]);
    expect(one.freshPrefix()).not.toBe(one.freshPrefix());
  });

  it('has a broker that makes no topic by itself', async () => {
    const { brokers, freshPrefix } = await testEnvironment();
    const admin = kafkaOf(brokers).admin();
    const topic = `${freshPrefix()}orders`;
    await admin.connect();
    await expect(admin.fetchTopicMetadata({ topics: [topic] })).rejects.toThrow(/does not host this topic/);
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] });
    expect((await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions).toHaveLength(2);
    await admin.disconnect();
  });
});

describe('an isolated environment', () => {
  let environment: TestEnvironment;
  beforeAll(async () => {
    environment = await isolatedEnvironment();
  }, 60_000);
  afterAll(() => environment.close());

  it('keeps what the broker acknowledged when it is killed', async () => {
    const topic = `${environment.freshPrefix()}kept`;
    const admin = kafkaOf(environment.brokers).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic }] });
    const producer = kafkaOf(environment.brokers).producer();
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: [{ value: 'one' }, { value: 'two' }] });
    await producer.disconnect();
    await admin.disconnect();
    await environment.restartBroker('kill');
    const after = kafkaOf(environment.brokers).admin();
    await after.connect();
    expect((await after.fetchTopicOffsets(topic))[0]?.high).toBe('2');
    await after.disconnect();
  }, 60_000);

  it('keeps what the database committed when it is stopped at once', async () => {
    const url = await environment.freshDatabase();
    await query(url, 'CREATE TABLE kept (n int)');
    await query(url, 'INSERT INTO kept VALUES (1), (2)');
    await environment.restartDatabase('immediate');
    expect(await query(url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 2 }]);
  }, 60_000);
});
