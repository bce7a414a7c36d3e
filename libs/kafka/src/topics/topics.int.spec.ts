import { topicSpecs } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { testEnvironment } from '@millrace/test-environment';
import { type Admin, KafkaJSProtocolError } from 'kafkajs';
import { createClient } from '../client/kafka-client';
import { KafkaConnection } from '../kafka-connection';
import { topicSpec } from '../test-support/messages';
import { TopicAdmin } from './topic-admin';

const unknownTopic = Object.assign(new Error('This server does not host this topic-partition'), {
  type: 'UNKNOWN_TOPIC_OR_PARTITION',
  code: 3,
});

jest.setTimeout(60_000);

describe('topics', () => {
  let kafka: KafkaConnection;
  let prefix: string;
  let brokers: string[];

  beforeAll(async () => {
    const environment = await testEnvironment();
    prefix = environment.freshPrefix();
    brokers = environment.brokers;
    kafka = new KafkaConnection({ brokers, clientId: 'topics-test', logger: silentLogger });
  }, 120_000);

  afterAll(async () => {
    await kafka.close();
  });

  test('are created as specified, twice without change, and settings that drifted are set again', async () => {
    const name = `${prefix}one`;
    const spec = topicSpec(name, 2, { 'cleanup.policy': 'compact' });
    expect(await kafka.missingTopics([spec])).toEqual([`topic ${name} is missing`]);
    await kafka.provisionTopics([spec], 1);
    await kafka.provisionTopics([spec], 1);
    expect(await kafka.missingTopics([spec])).toEqual([]);
    const changed = topicSpec(name, 2, { 'cleanup.policy': 'delete', 'max.message.bytes': '2097152' });
    expect(await kafka.missingTopics([changed])).toEqual([
      `topic ${name} has cleanup.policy=compact instead of delete`,
      expect.stringContaining(`topic ${name} has max.message.bytes=`),
    ]);
    await kafka.provisionTopics([changed], 1);
    expect(await kafka.missingTopics([changed])).toEqual([]);
  });

  test('that a broker does not know yet are waited for', async () => {
    const client = createClient({ brokers, clientId: 'late-metadata', logger: silentLogger }, { retries: 1 });
    const latecomer = (): Admin => {
      const admin = client.admin();
      let unknown = 3;
      const fetchTopicMetadata: Admin['fetchTopicMetadata'] = async (options) => {
        if (unknown-- > 0) throw new KafkaJSProtocolError(unknownTopic);
        return admin.fetchTopicMetadata(options);
      };
      return { ...admin, fetchTopicMetadata };
    };
    const topics = new TopicAdmin(() => ({ admin: latecomer }));
    const spec = topicSpec(`${prefix}late`, 2);
    await topics.provision([spec], 1);
    expect(await kafka.missingTopics([spec])).toEqual([]);
    await topics.close();
  });

  test('keep their partition count: a difference is told, and never changed', async () => {
    const name = `${prefix}two`;
    await kafka.provisionTopics([topicSpec(name, 2)], 1);
    const more = topicSpec(name, 3);
    expect(await kafka.missingTopics([more])).toEqual([`topic ${name} has 2 partitions instead of 3`]);
    await expect(kafka.provisionTopics([more], 1)).rejects.toThrow('2 partitions instead of 3');
  });

  test('the broker takes every topic of Millrace with its settings', async () => {
    const specs = topicSpecs({ prefix, partitions: 1, replicationFactor: 1, modules: ['mes'] });
    await kafka.provisionTopics(specs, 1);
    expect(await kafka.missingTopics(specs)).toEqual([]);
  }, 30_000);

  test('the brokers answer a ping', async () => {
    await kafka.ping();
  });
});
