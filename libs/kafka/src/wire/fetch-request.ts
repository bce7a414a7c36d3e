import { writeByTopic } from './by-topic';
import { ByteReader } from './byte-reader';
import type { ByteWriter } from './byte-writer';
import { type Api, beginFrame, endFrame } from './frame';
import type { AbortedTransaction, RecordSet } from './record-batch-reader';

export const FETCH: Api = { key: 1, name: 'Fetch', version: 11 };

export interface PartitionPosition {
  readonly topic: string;
  readonly partition: number;
  readonly position: number;
}

export interface FetchLimits {
  /** How long the broker waits while there is less than `minBytes`. */
  readonly maxWaitMs: number;
  /** 1: the first byte ends the wait. */
  readonly minBytes: number;
  readonly bytes: { readonly partition: number; readonly total: number };
}

/** The partitions that a broker remembers from request to request (KIP-227). */
export interface SessionPlan {
  readonly id: number;
  readonly epoch: number;
  /** Partitions that are new or have moved; partitions of one topic follow each other. */
  readonly changed: readonly PartitionPosition[];
  readonly forgotten: readonly { readonly topic: string; readonly partition: number }[];
}

/** A fetch on its own, of which the broker remembers nothing. */
export const withoutSession = (changed: readonly PartitionPosition[]): SessionPlan => ({
  id: 0,
  epoch: -1,
  changed,
  forgotten: [],
});

const CONSUMER = -1;
const UNKNOWN = -1;
const READ_COMMITTED = 1;

/** Source: https://kafka.apache.org/protocol#The_Messages_Fetch */
export const writeFetchRequest = (
  writer: ByteWriter,
  clientId: string,
  { maxWaitMs, minBytes, bytes }: FetchLimits,
  session: SessionPlan,
): Buffer => {
  beginFrame(writer, FETCH, clientId);
  writer.int32(CONSUMER);
  writer.int32(maxWaitMs);
  writer.int32(minBytes);
  writer.int32(bytes.total);
  writer.int8(READ_COMMITTED);
  writer.int32(session.id);
  writer.int32(session.epoch);
  writeByTopic(writer, session.changed, ({ partition, position }) => {
    writer.int32(partition);
    writer.int32(UNKNOWN); // leader epoch
    writer.int64(position);
    writer.int64(UNKNOWN); // first offset, of followers
    writer.int32(bytes.partition);
  });
  writeByTopic(writer, session.forgotten, ({ partition }) => writer.int32(partition));
  writer.text(''); // rack
  return endFrame(writer);
};

export interface FetchedPartition extends RecordSet {
  /** Kafka's error code; 0 is success. */
  readonly code: number;
}

export interface FetchAnswer {
  readonly throttleMs: number;
  /** About the session, or the request as a whole. */
  readonly code: number;
  /** 0: the broker keeps no session. */
  readonly sessionId: number;
  /** Without those that have neither records nor an error. */
  readonly partitions: FetchedPartition[];
}

const NOTHING = Buffer.alloc(0);
const NONE: readonly AbortedTransaction[] = [];

export const readFetchAnswer = (payload: Buffer): FetchAnswer => {
  const reader = new ByteReader(payload);
  const throttleMs = reader.int32();
  const code = reader.int16();
  const sessionId = reader.int32();
  const partitions: FetchedPartition[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.text();
    for (let count = reader.int32(); count > 0; count--) {
      const each = readPartition(reader, topic);
      if (each.code !== 0 || each.bytes.length > 0) partitions.push(each);
    }
  }
  return { throttleMs, code, sessionId, partitions };
};

const readPartition = (reader: ByteReader, topic: string): FetchedPartition => {
  const partition = reader.int32();
  const code = reader.int16();
  reader.at += 24; // high watermark, last stable offset, first offset
  const aborted = readAborted(reader);
  reader.at += 4; // replica that would be nearer
  const size = reader.int32();
  if (size <= 0) return { topic, partition, code, aborted, bytes: NOTHING };
  const start = reader.at;
  reader.at += size;
  return { topic, partition, code, aborted, bytes: reader.bytes.subarray(start, reader.at) };
};

const readAborted = (reader: ByteReader): readonly AbortedTransaction[] => {
  const count = reader.int32();
  if (count <= 0) return NONE;
  return Array.from({ length: count }, () => ({ producerId: reader.bigInt64(), firstOffset: reader.int64() }));
};
