import type { Broker, Kafka, KafkaMessage } from 'kafkajs';

/** kafkajs' view of a cluster, which its public types declare only in part. */
export interface ReadCluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  removeBroker(address: { host: string; port: number }): void;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
  findBroker(node: { nodeId: string | number }): Promise<Broker>;
}

/** A batch as kafkajs' consumer makes it from a fetch: without control records and aborted transactions. */
export interface FetchedBatch {
  readonly messages: KafkaMessage[];
  /** Records as fetched, from the asked offset on. */
  readonly messagesWithinOffset: readonly unknown[];
  lastOffset(): string;
}

export const READ_COMMITTED = 1;
const CREATE_CLUSTER = 'private:Kafka:createCluster';

type CreateCluster = (options: {
  metadataMaxAge: number;
  allowAutoTopicCreation: boolean;
  isolationLevel: number;
}) => ReadCluster;

/**
 * A cluster without a consumer group around it: kafkajs offers no reading by assignment, and a group for each reader would
 * cost a join at every start and leave groups behind.
 */
export const createCluster = (kafka: Kafka): ReadCluster => {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === CREATE_CLUSTER);
  if (symbol === undefined) throw new Error('this kafkajs has no cluster factory; the library is made for 2.2.4');
  const create = (kafka as unknown as { readonly [name: symbol]: CreateCluster })[symbol]!;
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false, isolationLevel: READ_COMMITTED });
};

const Batch = require('kafkajs/src/consumer/batch') as new (
  topic: string,
  fetchedOffset: string,
  partitionData: object,
) => FetchedBatch;

export const readBatch = (topic: string, fetchedOffset: string, partitionData: object): FetchedBatch =>
  new Batch(topic, fetchedOffset, partitionData);
