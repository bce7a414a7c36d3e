import { decodeRejection } from '@millrace/protocol';
import { readSpan, type TopicReader } from './read-span';

/** `topic/partition/offset` of every record that stands in the quarantine now. */
export const readQuarantined = async (reader: TopicReader, topic: string): Promise<Set<string>> => {
  const positions = new Set<string>();
  const beginnings = await reader.beginnings(topic);
  for (const [partition, to] of await reader.ends(topic))
    await readSpan(reader, { topic, partition, from: beginnings.get(partition) ?? 0n, to }, (message) => {
      const origin = decodeRejection(message)?.rejection.origin;
      if (origin) positions.add(`${origin.topic}/${origin.partition}/${origin.offset}`);
    });
  return positions;
};
