import { topicSpecs } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { testEnvironment } from '@millrace/test-environment';
import { KafkaConnection } from '../kafka-connection';
import { topicSpec } from '../test-support/messages';

describe('topics', () => {
  let kafka: KafkaConnection;
  let prefix: string;

  beforeAll(async () => {
    const environment = await testEnvironment();
    prefix = environment.freshPrefix();
    kafka = new KafkaConnection({ brokers: environment.brokers, clientId: 'topics-test', logger: silentLogger });
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
