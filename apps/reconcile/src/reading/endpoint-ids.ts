import { decodeEndpoint } from '@millrace/protocol';
import type { TopicReader } from './read-span';
import { readWhole } from './read-whole';

/** Ids of the endpoints that there are now, and of those of which the topic still says that they were deleted. */
export interface EndpointIds {
  readonly living: ReadonlySet<string>;
  readonly deleted: ReadonlySet<string>;
}

export const readEndpointIds = async (reader: TopicReader, topic: string): Promise<EndpointIds> => {
  const living = new Set<string>();
  const deleted = new Set<string>();
  await readWhole(reader, topic, (message) => {
    const change = decodeEndpoint(message);
    if (change.kind === 'put') {
      living.add(change.endpoint.id);
      deleted.delete(change.endpoint.id);
    } else if (change.kind === 'deleted') {
      living.delete(change.id);
      deleted.add(change.id);
    }
  });
  return { living, deleted };
};
