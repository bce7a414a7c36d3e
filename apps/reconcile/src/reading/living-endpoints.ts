import { decodeEndpoint } from '@millrace/protocol';
import { readSpan, type TopicReader } from './read-span';

/** Ids of the endpoints that there are now. */
export const readLivingEndpoints = async (reader: TopicReader, topic: string): Promise<Set<string>> => {
  const ids = new Set<string>();
  const beginnings = await reader.beginnings(topic);
  for (const [partition, to] of await reader.ends(topic))
    await readSpan(reader, { topic, partition, from: beginnings.get(partition) ?? 0n, to }, (message) => {
      const change = decodeEndpoint(message);
      if (change.kind === 'put') ids.add(change.endpoint.id);
      else if (change.kind === 'deleted') ids.delete(change.id);
    });
  return ids;
};
