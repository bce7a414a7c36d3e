import type { IncomingMessage } from '@millrace/protocol';
import { readSpan, type TopicReader } from './read-span';

/** Everything that a topic holds now. */
export const readWhole = async (
  reader: TopicReader,
  topic: string,
  onMessage: (message: IncomingMessage) => void,
): Promise<void> => {
  const beginnings = await reader.beginnings(topic);
  for (const [partition, to] of await reader.ends(topic))
    await readSpan(reader, { topic, partition, from: beginnings.get(partition) ?? 0n, to }, onMessage);
};
