import { silentLogger } from '@millrace/telemetry';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { createClient } from '../client/kafka-client';
import { KafkaConnection } from '../kafka-connection';
import { BrokerProxy } from '../test-support/broker-proxy';
import { Collected } from '../test-support/collecting';
import { numbered, text } from '../test-support/messages';
import { Workshop } from '../test-support/workshop';
import { GroupMember } from './group-member';
import { CommitFailed } from './windowed-consumer';

jest.setTimeout(20_000);

const FETCH = 1;
const HEARTBEAT = 12;
const NO_SUCH_SESSION = 70;
const NOT_THE_EPOCH = 71;

let workshop: Workshop;

beforeAll(async () => {
  const environment = await testEnvironment();
  workshop = new Workshop(environment.brokers, environment.freshPrefix());
}, 120_000);

afterEach(() => workshop.stopConsumers());
afterAll(() => workshop.close());

describe('a windowed consumer', () => {
  test('K13: a new group begins at the beginning of the log, and hands out in order', async () => {
    const topic = await workshop.freshTopic();
    await workshop.producer.send(numbered(topic, 'r', 50));
    const collected = new Collected();
    await workshop.consumer(topic, collected).start();
    await eventually(() => collected.records.length === 50, 'the records that were there before the group');
    expect(collected.values).toEqual(numbered(topic, 'r', 50).map(({ value }) => value!.toString()));
  });

  test('commits the contiguous finished prefix, and after a restart skips what was finished beyond it', async () => {
    const topic = await workshop.freshTopic();
    await workshop.producer.send(numbered(topic, 'r', 6));
    const before = new Collected();
    const first = workshop.consumer(topic, before);
    await first.start();
    await eventually(() => before.records.length === 6, 'all records');
    before.complete('r0', 'r1', 'r3', 'r5');
    await first.commitNow();
    expect(await workshop.committed(topic)).toEqual({ 0: '2' });
    await first.stop(0);

    const after = new Collected();
    const second = workshop.consumer(topic, after);
    await second.start();
    await workshop.producer.send([text(topic, 'end', 0)]);
    await eventually(() => after.values.includes('end'), 'the record behind the others');
    expect(after.values).toEqual(['r2', 'r4', 'end']);
    after.complete('r2', 'r4', 'end');
    await second.commitNow();
    expect(await workshop.committed(topic)).toEqual({ 0: '7' });
  });

  test('commits at its interval without being asked', async () => {
    const topic = await workshop.freshTopic();
    await workshop.producer.send(numbered(topic, 'r', 3));
    const collected = new Collected();
    await workshop.consumer(topic, collected, { commitIntervalMs: 20 }).start();
    await eventually(() => collected.records.length === 3, 'all records');
    collected.complete('r0', 'r1', 'r2');
    await eventually(async () => (await workshop.committed(topic))[0] === '3', 'the commit');
  });

  test('K8: hands out no more than the window, shows itself to the group while paused, and goes on when records finish', async () => {
    const topic = await workshop.freshTopic();
    await workshop.producer.send(numbered(topic, 'r', 60));
    const collected = new Collected();
    const proxy = await BrokerProxy.start(workshop.brokers[0]!);
    const proxied = new KafkaConnection({ brokers: [proxy.address], clientId: 'k8', logger: silentLogger });
    let heartbeats = 0;
    proxy.judge = ({ apiKey }) => {
      if (apiKey === HEARTBEAT) heartbeats++;
      return 'pass';
    };
    const window = { recordsPerPartition: 10, bytes: 16 * 1024 * 1024 };
    const held = workshop.consumer(topic, collected, { window }, proxied);
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

  test('of many partitions hears only of those with news, goes on when the broker forgets which they are, and misses none', async () => {
    const partitions = 40;
    const topic = await workshop.freshTopic(partitions);
    const proxy = await BrokerProxy.start(workshop.brokers[0]!);
    const proxied = new KafkaConnection({ brokers: [proxy.address], clientId: 'session', logger: silentLogger });
    const sizes: number[] = [];
    const denials: number[] = [];
    proxy.judge = ({ apiKey, frame }) => {
      if (apiKey !== FETCH) return 'pass';
      sizes.push(frame.length);
      const code = denials.shift();
      if (code === undefined) return 'pass';
      const altered = Buffer.from(frame);
      // correlation id, throttle time, error code
      altered.writeInt16BE(code, 8);
      return altered;
    };
    const collected = new Collected();
    const consumer = workshop.consumer(topic, collected, {}, proxied);
    await consumer.start();
    const sent: string[] = [];
    const send = async (value: string, partition: number): Promise<void> => {
      sent.push(value);
      await workshop.producer.send([text(topic, value, partition)]);
      await eventually(() => collected.records.length === sent.length, value);
    };
    for (let n = 0; n < partitions; n++) await send(`a${n}`, n);
    expect(sizes[0]).toBeGreaterThan(partitions * 40);
    expect(Math.max(...sizes.slice(1))).toBeLessThan(400);
    denials.push(NOT_THE_EPOCH, NO_SUCH_SESSION);
    await eventually(() => denials.length === 0, 'two answers that deny the session');
    for (let n = 0; n < partitions; n++) await send(`b${n}`, n);
    expect(collected.values).toEqual(sent);
    await consumer.stop(0);
    await proxied.close();
    await proxy.close();
  });

  test('bytes are bounded, and the limit leaves no partition without any record', async () => {
    const topic = await workshop.freshTopic(3);
    const large = (partition: number) =>
      Array.from({ length: 20 }, () => ({ ...text(topic, '', partition), value: Buffer.alloc(100_000) }));
    await workshop.producer.send([...large(0), ...large(1), ...large(2)]);
    const collected = new Collected();
    const held = workshop.consumer(topic, collected, { window: { recordsPerPartition: 1_000, bytes: 1_200_000 } });
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
    const topic = await workshop.freshTopic(2);
    const collected = new Collected();
    const paused = workshop.consumer(topic, collected);
    await paused.start();
    paused.pausePartition(topic, 0);
    await workshop.producer.send([text(topic, 'held back', 0), text(topic, 'through', 1)]);
    await eventually(() => collected.values.includes('through'), 'the other partition');
    await workshop.producer.send([text(topic, 'through too', 1)]);
    await eventually(() => collected.values.includes('through too'), 'the other partition again');
    expect(collected.values).not.toContain('held back');
    paused.resumePartition(topic, 0);
    await eventually(() => collected.values.includes('held back'), 'the resumed partition');
  });

  test('starts where the handler says, when it keeps its own offsets', async () => {
    const topic = await workshop.freshTopic();
    await workshop.producer.send(numbered(topic, 'r', 10));
    const collected = new Collected();
    await workshop.consumer(topic, collected, { commitIntervalMs: null, startOffset: async () => 7n }).start();
    await eventually(() => collected.records.length === 3, 'the last three');
    expect(collected.values).toEqual(['r7', 'r8', 'r9']);
    collected.complete('r7', 'r8', 'r9');
    expect(await workshop.committed(topic)).toEqual({ 0: 'null' });
  });

  test('K12: a handler that throws fails liveness, and the other records still come', async () => {
    const topic = await workshop.freshTopic();
    const collected = new Collected();
    const throwing = workshop.consumer(topic, collected, {
      onRecord: (record) => {
        collected.onRecord(record);
        if (record.message.value?.toString() === 'r1') throw new Error('poison');
      },
    });
    await throwing.start();
    expect(throwing.health()).toMatchObject({ alive: true, reason: null });
    await workshop.producer.send(numbered(topic, 'r', 4));
    await eventually(() => collected.records.length === 4, 'all records');
    expect(throwing.health()).toMatchObject({ alive: false, reason: expect.stringContaining('poison') });
    collected.complete('r0', 'r2', 'r3');
    await throwing.commitNow();
    expect(await workshop.committed(topic)).toEqual({ 0: '1' });
  });

  test('K10: a commit that cannot reach the group is an error, where kafkajs says nothing', async () => {
    const topic = await workshop.freshTopic();
    await workshop.producer.send(numbered(topic, 'r', 1));
    const bare = createClient(
      { brokers: workshop.brokers, clientId: 'k10', logger: silentLogger },
      { retries: 1 },
    ).consumer({
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
      createClient({ brokers: workshop.brokers, clientId: 'k10', logger: silentLogger }, { retries: 1 }),
      {
        groupId: workshop.groupOf(topic),
        topics: [topic],
        maxWaitMs: 50,
        minFetchBytes: 1,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
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
    expect(await workshop.committed(topic)).toEqual({ 0: '1' });
    await member.stop();
    await expect(commit()).rejects.toThrow();
  });

  test('K13: an offset that the log no longer holds is logged as an error, and reading goes on at the beginning', async () => {
    const topic = await workshop.freshTopic();
    await workshop.producer.send(numbered(topic, 'r', 5));
    const client = createClient(
      { brokers: workshop.brokers, clientId: 'k13', logger: silentLogger },
      { retries: 3 },
    ).admin();
    await client.connect();
    await client.setOffsets({ groupId: workshop.groupOf(topic), topic, partitions: [{ partition: 0, offset: '2' }] });
    await client.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4' }] });
    await client.disconnect();
    const errors: object[] = [];
    const logger = { ...silentLogger, error: (fields: object) => void errors.push(fields) };
    const watched = new KafkaConnection({ brokers: workshop.brokers, clientId: 'k13', logger });
    const collected = new Collected();
    const ours = workshop.consumer(topic, collected, {}, watched);
    await ours.start();
    await eventually(() => collected.records.length === 1, 'the record that is left');
    expect(collected.values).toEqual(['r4']);
    expect(errors).toEqual([expect.objectContaining({ topic, partition: 0 })]);
    collected.complete('r4');
    await ours.commitNow();
    expect(await workshop.committed(topic)).toEqual({ 0: '5' });
    await watched.close();
  });

  test('K17: stopping waits for held records up to its deadline, and commits what finished', async () => {
    const topic = await workshop.freshTopic();
    await workshop.producer.send(numbered(topic, 'r', 3));
    const collected = new Collected();
    const ours = workshop.consumer(topic, collected);
    await ours.start();
    await eventually(() => collected.records.length === 3, 'all records');
    const stopped = ours.stop(10_000);
    await workshop.producer.send([text(topic, 'too late', 0)]);
    collected.complete('r0', 'r1', 'r2');
    await stopped;
    expect(collected.values).not.toContain('too late');
    expect(await workshop.committed(topic)).toEqual({ 0: '3' });

    const again = new Collected();
    const impatient = workshop.consumer(topic, again);
    await impatient.start();
    await eventually(() => again.records.length === 1, 'the record');
    const begun = performance.now();
    await impatient.stop(200);
    expect(performance.now() - begun).toBeLessThan(3_000);
    expect(again.records[0]!.current).toBe(false);
  });
});
