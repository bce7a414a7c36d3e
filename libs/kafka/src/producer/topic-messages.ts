import { type ICustomPartitioner, type Message, Partitioners, type RecordMetadata, type TopicMessages } from 'kafkajs';
import type { Batch } from './send-queue';

/**
 * Java's murmur2 for keys, round robin without. The choice is written into the message, because kafkajs asks again for
 * each of its retries: another answer would put other records under sequence numbers that the broker has seen, and the
 * broker would take them for repeats and drop them.
 */
export const lastingPartitioner: ICustomPartitioner = () => {
  const choose = Partitioners.DefaultPartitioner();
  return (args) => {
    const { message } = args;
    message.partition ??= choose(args);
    return message.partition;
  };
};

export const topicMessages = (batch: Batch): TopicMessages[] => {
  const byTopic = new Map<string, Message[]>();
  for (const { entries } of batch.parts) {
    for (const { topic, message } of entries) {
      const list = byTopic.get(topic);
      if (list) list.push(message);
      else byTopic.set(topic, [message]);
    }
  }
  return Array.from(byTopic, ([topic, messages]) => ({ topic, messages }));
};

/**
 * Checks that the brokers answered for every partition that was written to. kafkajs passes over a partition that does not
 * exist, and over one whose leader moved between two of its retries, and reports success.
 */
export const checkAnswers = (batch: Batch, answers: readonly RecordMetadata[]): void => {
  const answered = new Map<string, Set<number>>();
  for (const { topicName, partition } of answers) {
    const set = answered.get(topicName);
    if (set) set.add(partition);
    else answered.set(topicName, new Set([partition]));
  }
  for (const { entries } of batch.parts) {
    for (const { topic, message } of entries) {
      if (!answered.get(topic)?.has(message.partition!))
        throw new Error(`no broker answered for partition ${message.partition} of ${topic}`);
    }
  }
};
