import { decodeEndpoint } from '@millrace/protocol';
import type { TopicReader } from './read-span';
import { readWhole } from './read-whole';

/** Ids of the endpoints that there are now. */
export const readLivingEndpoints = async (reader: TopicReader, topic: string): Promise<Set<string>> => {
  const ids = new Set<string>();
  await readWhole(reader, topic, (message) => {
    const change = decodeEndpoint(message);
    if (change.kind === 'put') ids.add(change.endpoint.id);
    else if (change.kind === 'deleted') ids.delete(change.id);
  });
  return ids;
};
