import type { ConsumedRecord, KafkaConnection, WindowedConsumerOptions } from '@millrace/kafka';
import { encodeDelivery, type OutgoingMessage, topicNames } from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { PersistentSender } from '../sending/persistent-sender';
import { TierMover } from './tier-mover.consumer';

const topics = topicNames('t.');

/** A mover whose records come from the test. */
const world = (send: (messages: readonly OutgoingMessage[]) => Promise<void>) => {
  let options!: WindowedConsumerOptions;
  const happened: string[] = [];
  const kafka = {
    windowedConsumer: (given: WindowedConsumerOptions) => {
      options = given;
      return { start: async () => {}, stop: async () => void happened.push('consumer stopped') };
    },
  } as unknown as KafkaConnection;
  const messages = new PersistentSender({ send }, silentLogger);
  const mover = new TierMover(
    kafka,
    { topics, timeScale: 1, groupId: 'g', partitions: 12 },
    { messages, now: () => Date.now() },
    silentLogger,
  );
  const arrive = (headers: { [name: string]: Buffer }) => {
    const message = {
      topic: topics.retry('1s'),
      partition: 0,
      offset: 0n,
      timestamp: Date.now() - 5_000,
      key: null,
      value: Buffer.from('{}'),
      headers,
    };
    const record: ConsumedRecord = {
      message,
      epoch: 1,
      current: true,
      complete: () => void happened.push('finished'),
    };
    options.onRecord(record);
    options.onBatchEnd?.(message.topic, 0);
  };
  return { mover, happened, arrive };
};

describe('tier mover', () => {
  it('puts a record that is no task into the quarantine, and goes on', async () => {
    const sent: OutgoingMessage[] = [];
    const { happened, arrive, mover } = world(async (messages) => void sent.push(...messages));
    const task = encodeDelivery('t', { task: {} as never, body: Buffer.alloc(0), traceparent: '' }).headers;
    arrive({ 'millrace-task': Buffer.from(task['millrace-task']!) });
    for (const until = Date.now() + 2_000; happened.length === 0 && Date.now() < until; )
      await new Promise((resolve) => setImmediate(resolve));
    expect(sent.map(({ topic }) => topic)).toEqual([topics.eventsRejected]);
    expect(happened).toEqual(['finished']);
    await mover.stop(1_000);
  });

  it('stops while Kafka is away, and leaves the record unfinished', async () => {
    let asked = false;
    const { mover, happened, arrive } = world(() => {
      asked = true;
      return new Promise(() => {});
    });
    arrive({});
    for (const until = Date.now() + 2_000; !asked && Date.now() < until; )
      await new Promise((resolve) => setImmediate(resolve));
    await mover.stop(10);
    expect(happened).toEqual(['consumer stopped']);
  });
});
