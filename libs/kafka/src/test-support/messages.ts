import type { IncomingMessage, OutgoingMessage, TopicSpec } from '@millrace/protocol';
import type { KafkaConnection } from '../kafka-connection';

export const topicSpec = (name: string, partitions = 1, config: TopicSpec['config'] = {}): TopicSpec => ({
  name,
  partitions,
  config: { 'retention.ms': '86400000', ...config },
});

export const text = (topic: string, value: string, partition?: number): OutgoingMessage => ({
  topic,
  key: null,
  value: Buffer.from(value),
  headers: {},
  ...(partition === undefined ? {} : { partition }),
});

/** `count` messages whose values are the prefix and a number. */
export const numbered = (topic: string, prefix: string, count: number, partition = 0): OutgoingMessage[] =>
  Array.from({ length: count }, (_, index) => text(topic, `${prefix}${index}`, partition));

/** With the value as key. */
export const keyed = (messages: readonly OutgoingMessage[]): OutgoingMessage[] =>
  messages.map((message) => ({ ...message, key: String(message.value) }));

export const valueText = (message: IncomingMessage): string => message.value?.toString('utf8') ?? '';

/** Everything that one partition holds. */
export const logOf = async (kafka: KafkaConnection, topic: string, partition = 0): Promise<string[]> => {
  const values: string[] = [];
  await kafka.readRange({ topic, partition, from: 0n, onMessage: (message) => values.push(valueText(message)) });
  return values;
};
