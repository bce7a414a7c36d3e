import { silentLogger } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { createClient } from '../client/kafka-client';
import { KafkaConnection } from '../kafka-connection';
import type { DurableProducer } from '../producer/durable-producer';
import { BrokerProxy } from '../test-support/broker-proxy';
import { Collected } from '../test-support/collecting';
import { numbered, text, topicSpec } from '../test-support/messages';
import { TopicAdmin } from '../topics/topic-admin';
import { GroupMember } from './group-member';
import { CommitFailed, type WindowedConsumer, type WindowedConsumerOptions } from './windowed-consumer';

jest.setTimeout(20_000);

const HEARTBEAT = 12;

let brokers: string[];
let prefix: string;
let kafka: KafkaConnection;
let producer: DurableProducer;
let admin: TopicAdmin;
let names = 0;
const open: WindowedConsumer[] = [];

const freshTopic = async (partitions = 1, config = {}): Promise<string> => {
  const name = `${prefix}consume-${names++}`;
  await kafka.provisionTopics([topicSpec(name, partitions, config)], 1);
  return name;
};

const consumer = (
  topic: string,
  collected: Collected,
  options: Partial<WindowedConsumerOptions> = {},
): WindowedConsumer => {
  const made = kafka.windowedConsumer({
    groupId: `${topic}-group`,
    topics: [topic],
    window: { recordsPerPartition: 100, bytes: 16 * 1024 * 1024 },
    commitIntervalMs: 0,
    maxWaitMs: 50,
    onRecord: collected.onRecord,
    ...options,
  });
  open.push(made);
  return made;
};

const committed = async (topic: string): Promise<{ [partition: number]: string }> =>
  Object.fromEntries(
    (await admin.committed(`${topic}-group`, [topic])).map(({ partition, offset }) => [partition, String(offset)]),
  );

beforeAll(async () => {
  const environment = await testEnvironment();
  brokers = environment.brokers;
  prefix = environment.freshPrefix();
  const settings = { brokers, clientId: 'consumer-test', logger: silentLogger };
  kafka = new KafkaConnection(settings);
  producer = kafka.producer('test');
  admin = new TopicAdmin(() => createClient(settings, { retries: 3 }));
}, 120_000);

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop(0)));
});

afterAll(async () => {
  await producer.close();
  await admin.close();
  await kafka.close();
});

describe('a windowed consumer', () => {
  test('K13: a new group begins at the beginning of the log, and hands out in order', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 50));
    const collected = new Collected();
    await consumer(topic, collected).start();
    await eventually(() => collected.records.length === 50, 'the records that were there before the group');
    expect(collected.values).toEqual(numbered(topic, 'r', 50).map(({ value }) => value!.toString()));
  });

  test('commits the contiguous finished prefix, and after a restart skips what was finished beyond it', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 6));
    const before = new Collected();
    const first = consumer(topic, before);
    await first.start();
    await eventually(() => before.records.length === 6, 'all records');
    before.complete('r0', 'r1', 'r3', 'r5');
    await first.commitNow();
    expect(await committed(topic)).toEqual({ 0: '2' });
    await first.stop(0);

    const after = new Collected();
    const second = consumer(topic, after);
    await second.start();
    await producer.send([text(topic, 'end', 0)]);
    await eventually(() => after.values.includes('end'), 'the record behind the others');
    expect(after.values).toEqual(['r2', 'r4', 'end']);
    after.complete('r2', 'r4', 'end');
    await second.commitNow();
    expect(await committed(topic)).toEqual({ 0: '7' });
  });

  test('commits at its interval without being asked', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 3));
    const collected = new Collected();
    await consumer(topic, collected, { commitIntervalMs: 20 }).start();
    await eventually(() => collected.records.length === 3, 'all records');
    collected.complete('r0', 'r1', 'r2');
    await eventually(async () => (await committed(topic))[0] === '3', 'the commit');
  });

  test('K8: hands out no more than the window, shows itself to the group while paused, and goes on when records finish', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 60));
    const collected = new Collected();
    const proxy = await BrokerProxy.start(brokers[0]!);
    const proxied = new KafkaConnection({ brokers: [proxy.address], clientId: 'k8', logger: silentLogger });
    let heartbeats = 0;
    proxy.judge = ({ apiKey }) => {
      if (apiKey === HEARTBEAT) heartbeats++;
      return 'pass';
    };
    const held = proxied.windowedConsumer({
      groupId: `${topic}-group`,
      topics: [topic],
      window: { recordsPerPartition: 10, bytes: 16 * 1024 * 1024 },
      commitIntervalMs: 0,
      onRecord: collected.onRecord,
    });
    await held.start();
    await eventually(() => collected.records.length === 10, 'a full window');
    const before = heartbeats;
    await eventually(() => heartbeats >= before + 3, 'heartbeats while nothing is fetched');
    expect(collected.records).toHaveLength(10);
    expect(held.held.records).toBe(10);
    for (let done = 0; done < 60; done++) {
      await eventually(() => collected.records.length > done, 'the next record');
      collected.records[done]!.complete();
    }
    expect(collected.records.at(-1)!.epoch).toBe(1);
    expect(collected.records).toHaveLength(60);
    expect(held.held).toEqual({ records: 0, bytes: 0 });
    await held.stop(0);
    await proxied.close();
    await proxy.close();
  });

  test('bytes are bounded, and the limit leaves no partition without any record', async () => {
    const topic = await freshTopic(3);
    const large = (partition: number) =>
      Array.from({ length: 20 }, () => ({ ...text(topic, '', partition), value: Buffer.alloc(100_000) }));
    await producer.send([...large(0), ...large(1), ...large(2)]);
    const collected = new Collected();
    const held = consumer(topic, collected, { window: { recordsPerPartition: 1_000, bytes: 1_200_000 } });
    await held.start();
    await eventually(
      () => new Set(collected.records.map(({ message }) => message.partition)).size === 3,
      'a record of each partition',
    );
    expect(held.held.bytes).toBeLessThan(1_400_000);
    for (let done = 0; done < 60; done++) {
      await eventually(() => collected.records.length > done, 'the next record');
      expect(held.held.bytes).toBeLessThan(1_400_000);
      collected.records[done]!.complete();
    }
  });

  test('a partition that the handler pauses hands out nothing, while others go on', async () => {
    const topic = await freshTopic(2);
    const collected = new Collected();
    const paused = consumer(topic, collected);
    await paused.start();
    paused.pausePartition(topic, 0);
    await producer.send([text(topic, 'held back', 0), text(topic, 'through', 1)]);
    await eventually(() => collected.values.includes('through'), 'the other partition');
    await producer.send([text(topic, 'through too', 1)]);
    await eventually(() => collected.values.includes('through too'), 'the other partition again');
    expect(collected.values).not.toContain('held back');
    paused.resumePartition(topic, 0);
    await eventually(() => collected.values.includes('held back'), 'the resumed partition');
  });

  test('K4: what a lost partition finishes late moves no offset, and is no longer current', async () => {
    const topic = await freshTopic(2);
    await producer.send([...numbered(topic, 'p0-', 3, 0), ...numbered(topic, 'p1-', 3, 1)]);
    const ours = new Collected();
    const theirs = new Collected();
    const lost: string[] = [];
    const first = consumer(topic, ours, {
      onAssigned: async (assignment) => {
        lost.push(...assignment.lost.map(({ partition }) => `p${partition}`));
      },
    });
    await first.start();
    await eventually(() => ours.records.length === 6, 'all records');
    const second = consumer(topic, theirs);
    await second.start();
    await eventually(() => theirs.records.length === 3 && lost.length === 1, 'half of the partitions to move');
    const [moved] = lost as [string];
    const stayed = moved === 'p0' ? 'p1' : 'p0';
    const movedPartition = Number(moved.slice(1));
    expect(ours.of(`${moved}-0`).current).toBe(false);
    expect(ours.of(`${stayed}-0`).current).toBe(true);
    expect(ours.of(`${stayed}-0`).epoch).toBeGreaterThan(1);

    ours.complete(`${moved}-0`, `${moved}-1`, `${moved}-2`, `${stayed}-0`);
    theirs.complete(`${moved}-0`);
    await first.commitNow();
    await second.commitNow();
    expect(await committed(topic)).toEqual({ [movedPartition]: '1', [1 - movedPartition]: '1' });
    expect(ours.values.filter((value) => value.startsWith(stayed))).toHaveLength(3);
  });

  test('K7: pauses are derived anew after each join, and a partition that comes back is read', async () => {
    const topic = await freshTopic(2);
    const ours = new Collected();
    const first = consumer(topic, ours);
    await first.start();
    first.pausePartition(topic, 0);
    first.pausePartition(topic, 1);
    const second = consumer(topic, new Collected());
    await second.start();
    await eventually(() => first.health().assigned.length === 1, 'one partition to move');
    const [kept] = first.health().assigned.map(({ partition }) => partition) as [number];
    await producer.send([text(topic, 'kept', kept), text(topic, 'back', 1 - kept)]);
    await second.stop(0);
    await eventually(() => ours.values.includes('back'), 'the partition that came back, without a pause');
    expect(ours.values).not.toContain('kept');
    first.resumePartition(topic, kept);
    await eventually(() => ours.values.includes('kept'), 'the resumed partition');
  }, 15_000);

  test('a join hands out no record of a kept partition twice, and awaits the preparation of gained ones', async () => {
    const topic = await freshTopic(2);
    await producer.send([...numbered(topic, 'p0-', 20, 0), ...numbered(topic, 'p1-', 20, 1)]);
    const ours = new Collected();
    const theirs = new Collected();
    const order: string[] = [];
    const first = consumer(topic, ours);
    await first.start();
    await eventually(() => ours.records.length === 40, 'all records');
    const second = consumer(topic, theirs, {
      onAssigned: async ({ gained }) => {
        order.push('preparing');
        await new Promise((resolve) => setTimeout(resolve, 300));
        order.push(`prepared ${gained.length}`);
      },
      onRecord: (record) => {
        order.push('record');
        theirs.onRecord(record);
      },
    });
    await second.start();
    await eventually(() => theirs.records.length === 20, 'the records of the partition that moved');
    await producer.send([text(topic, 'end', 0), text(topic, 'end', 1)]);
    await eventually(
      () => [...ours.values, ...theirs.values].filter((value) => value === 'end').length === 2,
      'the ends',
    );
    expect(new Set(ours.values).size).toBe(ours.values.length);
    expect(order.slice(0, 3)).toEqual(['preparing', 'prepared 1', 'record']);
  });

  test('starts where the handler says, when it keeps its own offsets', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 10));
    const collected = new Collected();
    await consumer(topic, collected, { commitIntervalMs: null, startOffset: async () => 7n }).start();
    await eventually(() => collected.records.length === 3, 'the last three');
    expect(collected.values).toEqual(['r7', 'r8', 'r9']);
    collected.complete('r7', 'r8', 'r9');
    expect(await committed(topic)).toEqual({ 0: 'null' });
  });

  test('K12: a handler that throws fails liveness, and the other records still come', async () => {
    const topic = await freshTopic();
    const collected = new Collected();
    const throwing = consumer(topic, collected, {
      onRecord: (record) => {
        collected.onRecord(record);
        if (record.message.value?.toString() === 'r1') throw new Error('poison');
      },
    });
    await throwing.start();
    expect(throwing.health()).toMatchObject({ alive: true, reason: null });
    await producer.send(numbered(topic, 'r', 4));
    await eventually(() => collected.records.length === 4, 'all records');
    expect(throwing.health()).toMatchObject({ alive: false, reason: expect.stringContaining('poison') });
    collected.complete('r0', 'r2', 'r3');
    await throwing.commitNow();
    expect(await committed(topic)).toEqual({ 0: '1' });
  });

  test('K10: a commit that cannot reach the group is an error, where kafkajs says nothing', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 1));
    const bare = createClient({ brokers, clientId: 'k10', logger: silentLogger }, { retries: 1 }).consumer({
      groupId: `${topic}-bare`,
    });
    await bare.connect();
    await bare.subscribe({ topic });
    await bare.run({ autoCommit: false, eachMessage: async () => {} });
    const stopping = bare.stop();
    await expect(bare.commitOffsets([{ topic, partition: 0, offset: '1' }])).resolves.toBeUndefined();
    await stopping;
    await bare.disconnect();

    let joined = (): void => {};
    const handled = new Promise<void>((resolve) => {
      joined = resolve;
    });
    const member = new GroupMember(
      createClient({ brokers, clientId: 'k10', logger: silentLogger }, { retries: 1 }),
      {
        groupId: `${topic}-group`,
        topics: [topic],
        maxWaitMs: 50,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        concurrentPartitions: 1,
        fetchBytes: { partition: 100_000, total: 100_000 },
      },
      { onJoin: () => {}, onBatch: async () => joined() },
      Date.now,
    );
    const commit = () => member.commit([{ topic, partition: 0, offset: 1, metadata: '' }]);
    await expect(commit()).rejects.toThrow(CommitFailed);
    await member.start();
    await handled;
    await commit();
    expect(await committed(topic)).toEqual({ 0: '1' });
    await member.stop();
    await expect(commit()).rejects.toThrow();
  });

  test('K13: an offset that the log no longer holds is logged as an error, and reading goes on at the beginning', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 5));
    const client = createClient({ brokers, clientId: 'k13', logger: silentLogger }, { retries: 3 }).admin();
    await client.connect();
    await client.setOffsets({ groupId: `${topic}-group`, topic, partitions: [{ partition: 0, offset: '2' }] });
    await client.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4' }] });
    await client.disconnect();
    const errors: object[] = [];
    const logger = { ...silentLogger, error: (fields: object) => void errors.push(fields) };
    const watched = new KafkaConnection({ brokers, clientId: 'k13', logger });
    const collected = new Collected();
    const ours = watched.windowedConsumer({
      groupId: `${topic}-group`,
      topics: [topic],
      window: { recordsPerPartition: 10, bytes: 1_000_000 },
      commitIntervalMs: 0,
      onRecord: collected.onRecord,
    });
    open.push(ours);
    await ours.start();
    await eventually(() => collected.records.length === 1, 'the record that is left');
    expect(collected.values).toEqual(['r4']);
    expect(errors).toEqual([expect.objectContaining({ topic, partition: 0 })]);
    collected.complete('r4');
    await ours.commitNow();
    expect(await committed(topic)).toEqual({ 0: '5' });
    await watched.close();
  });

  test('K17: stopping waits for held records up to its deadline, and commits what finished', async () => {
    const topic = await freshTopic();
    await producer.send(numbered(topic, 'r', 3));
    const collected = new Collected();
    const ours = consumer(topic, collected);
    await ours.start();
    await eventually(() => collected.records.length === 3, 'all records');
    const stopped = ours.stop(10_000);
    await producer.send([text(topic, 'too late', 0)]);
    collected.complete('r0', 'r1', 'r2');
    await stopped;
    expect(collected.values).not.toContain('too late');
    expect(await committed(topic)).toEqual({ 0: '3' });

    const again = new Collected();
    const impatient = consumer(topic, again);
    await impatient.start();
    await eventually(() => again.records.length === 1, 'the record');
    const begun = performance.now();
    await impatient.stop(200);
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(again.records[0]!.current).toBe(false);
  });
});
