import type { Cluster } from '../client/kafkajs-cluster';
import type { OffsetSource, PartitionFetcher } from './partition-fetcher';

/** The parts of kafkajs' consumer group that stand behind its fetch. */
export interface ConsumerGroup extends OffsetSource {
  readonly cluster: Cluster;
  /** Rejoins, looks for the leader or the beginning of the log, whatever the error asks for; rethrows the others. */
  recoverFromFetch(error: unknown): Promise<void>;
  commitOffsets(offsets: object): Promise<void>;
}

/** Who fetches for a group. */
export interface FetchOwner {
  readonly fetcher: PartitionFetcher;
  /** Told before each fetch. */
  onFetch(group: ConsumerGroup): void;
}

type Fetch = (this: ConsumerGroup, nodeId: string) => Promise<object[]>;

const owners = new WeakMap<Cluster, FetchOwner>();
let kafkajsFetch: Fetch | null = null;

/**
 * Has the group of this cluster fetched by us: kafkajs' own fetch copies and decodes through many small objects, lists every
 * partition each time, and hands batches on through a queue of workers. kafkajs still decides when to fetch, sends
 * heartbeats in between, joins and recovers.
 *
 * Changes the kafkajs that is loaded in this process, for clusters that are named here; others keep its own fetch.
 */
export const fetchFor = (cluster: Cluster, owner: FetchOwner): void => {
  owners.set(cluster, owner);
  if (kafkajsFetch !== null) return;
  const { prototype } = require('kafkajs/src/consumer/consumerGroup') as { prototype: { fetch: Fetch } };
  if (typeof prototype.fetch !== 'function')
    throw new Error('this kafkajs does not fetch as 2.2.4 does, for which the library is made');
  kafkajsFetch = prototype.fetch;
  prototype.fetch = fetchOrLeave;
};

/** Answers no batches: the records are with their owner already. */
async function fetchOrLeave(this: ConsumerGroup, nodeId: string): Promise<object[]> {
  const owner = owners.get(this.cluster);
  if (owner === undefined) return kafkajsFetch!.call(this, nodeId);
  owner.onFetch(this);
  try {
    await owner.fetcher.fetch(this, Number(nodeId));
  } catch (error) {
    await this.recoverFromFetch(error);
  }
  return [];
}
