import { decodeRejection, SCHEMA_WARNING } from '@millrace/protocol';
import type { TopicReader } from './read-span';
import { readWhole } from './read-whole';

/** `topic/partition/offset` of every record that stands in the quarantine now; a warning stands there too, and was delivered. */
export const readQuarantined = async (reader: TopicReader, topic: string): Promise<Set<string>> => {
  const positions = new Set<string>();
  await readWhole(reader, topic, (message) => {
    const { origin, code } = decodeRejection(message)?.rejection ?? {};
    if (origin && code !== SCHEMA_WARNING) positions.add(`${origin.topic}/${origin.partition}/${origin.offset}`);
  });
  return positions;
};
