import { decodeRejection } from '@millrace/protocol';
import type { TopicReader } from './read-span';
import { readWhole } from './read-whole';

/** `topic/partition/offset` of every record that stands in the quarantine now. */
export const readQuarantined = async (reader: TopicReader, topic: string): Promise<Set<string>> => {
  const positions = new Set<string>();
  await readWhole(reader, topic, (message) => {
    const origin = decodeRejection(message)?.rejection.origin;
    if (origin) positions.add(`${origin.topic}/${origin.partition}/${origin.offset}`);
  });
  return positions;
};
