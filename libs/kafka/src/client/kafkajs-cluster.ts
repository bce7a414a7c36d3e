import type { Kafka } from 'kafkajs';

/** kafkajs' view of a cluster, which its public types do not declare: connections, metadata and what it asks brokers for us. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  removeBroker(address: { host: string; port: number }): void;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findTopicPartitionMetadata(topic: string): PartitionPlace[];
  findBroker(node: { nodeId: string | number }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  /** With the retry settings of the client; `bail` ends it with the error. */
  retrier<T>(attempt: (bail: (error: unknown) => void) => Promise<T>): Promise<T>;
  readonly brokerPool: { readonly metadata: object | null };
}

export interface PartitionPlace {
  readonly partitionId: number;
  /** Node id; negative while there is none. */
  readonly leader: number;
}

export interface Broker {
  readonly nodeId: number;
  readonly connectionPool: ConnectionPool;
  disconnect(): Promise<void>;
  initProducerId(request: { transactionTimeout: number }): Promise<{ producerId: string; producerEpoch: number }>;
  listOffsets(request: {
    isolationLevel: number;
    topics: { topic: string; partitions: { partition: number; timestamp: number }[] }[];
  }): Promise<{ responses: { partitions: { partition: number; offset: string }[] }[] }>;
}

export interface ConnectionPool {
  getConnectionByRequest(protocol: { request: { apiKey: number } }): Promise<Connection>;
}

export interface Connection {
  readonly clientId: string;
  readonly sasl: object | null;
  readonly socket: { write(bytes: Uint8Array): void };
  readonly requestQueue: RequestQueue;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  /** Throws KafkaJSConnectionError. */
  failIfNotConnected(): void;
  nextCorrelationId(): number;
}

export interface RequestQueue {
  push(request: {
    entry: {
      apiKey: number;
      apiName: string;
      apiVersion: number;
      correlationId: number;
      resolve(answer: { payload: Buffer }): void;
      reject(error: unknown): void;
    };
    expectResponse: boolean;
    requestTimeout: number | null;
    sendRequest(): void;
  }): void;
  maybeThrottle(ms: number): void;
}

export const READ_COMMITTED = 1;
const CREATE_CLUSTER = 'private:Kafka:createCluster';
const METADATA_MAX_AGE_MS = 300_000;

type CreateCluster = (options: {
  metadataMaxAge: number;
  allowAutoTopicCreation: boolean;
  isolationLevel: number;
  maxInFlightRequests: number | null;
}) => Cluster;

/**
 * A cluster without a producer or a consumer group around it: kafkajs offers neither reading by assignment nor sending of
 * bytes that others have encoded.
 */
export const createCluster = (kafka: Kafka, maxInFlightRequests: number | null = null): Cluster => {
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === CREATE_CLUSTER);
  if (symbol === undefined) throw new Error('this kafkajs has no cluster factory; the library is made for 2.2.4');
  const create = (kafka as unknown as { readonly [name: symbol]: CreateCluster })[symbol]!;
  return create({
    metadataMaxAge: METADATA_MAX_AGE_MS,
    allowAutoTopicCreation: false,
    isolationLevel: READ_COMMITTED,
    maxInFlightRequests,
  });
};

interface KafkajsError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
}

const { createErrorFromCode } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): KafkajsError;
};
const { KafkaJSOffsetOutOfRange } = require('kafkajs/src/errors') as {
  KafkaJSOffsetOutOfRange: new (error: Error, place: { topic: string; partition: number }) => KafkajsError;
};

export const OFFSET_OUT_OF_RANGE = 1;

/** The error that kafkajs would throw for a broker's code. */
export const brokerError = (code: number): KafkajsError => createErrorFromCode(code);

/** The same, for a partition of a fetch: kafkajs recovers by the place that the error tells. */
export const fetchError = (code: number, topic: string, partition: number): KafkajsError =>
  code === OFFSET_OUT_OF_RANGE
    ? new KafkaJSOffsetOutOfRange(brokerError(code), { topic, partition })
    : brokerError(code);
