import { writeByTopic } from './by-topic';
import { ByteReader } from './byte-reader';
import type { ByteWriter } from './byte-writer';
import type { Compression } from './codecs';
import { type Api, beginFrame, endFrame } from './frame';
import { type RecordToWrite, writeRecordBatch } from './record-batch-writer';

/** The version since which a broker takes zstd (KIP-110). */
export const PRODUCE: Api = { key: 0, name: 'Produce', version: 7 };

/** What one request carries for one partition. */
export interface PartitionRecords {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly RecordToWrite[];
  readonly baseSequence: number;
}

export interface ProduceSettings {
  readonly clientId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly compression: Compression;
  /** How long the broker waits for its replicas. */
  readonly timeoutMs: number;
  /** Unix ms. */
  readonly timestamp: number;
}

const ALL_REPLICAS = -1;

/**
 * The request that asks for all replicas' acknowledgement. Partitions of one topic must follow each other.
 * Source: https://kafka.apache.org/protocol#The_Messages_Produce
 */
export const writeProduceRequest = (
  writer: ByteWriter,
  partitions: readonly PartitionRecords[],
  settings: ProduceSettings,
): Buffer => {
  beginFrame(writer, PRODUCE, settings.clientId);
  writer.int16(-1); // transactional id: none
  writer.int16(ALL_REPLICAS);
  writer.int32(settings.timeoutMs);
  writeByTopic(writer, partitions, ({ partition, records, baseSequence }) => {
    writer.int32(partition);
    const sizeAt = writer.length;
    writer.int32(0);
    writeRecordBatch(writer, { ...settings, records, baseSequence });
    writer.int32At(sizeAt, writer.length - sizeAt - 4);
  });
  return endFrame(writer);
};

export interface ProduceAnswer {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code; 0 is success. */
  readonly code: number;
}

export const readProduceAnswer = (payload: Buffer): { answers: ProduceAnswer[]; throttleMs: number } => {
  const reader = new ByteReader(payload);
  const answers: ProduceAnswer[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.text();
    for (let partitions = reader.int32(); partitions > 0; partitions--) {
      answers.push({ topic, partition: reader.int32(), code: reader.int16() });
      reader.at += 24; // base offset, append time, first offset of the log
    }
  }
  return { answers, throttleMs: reader.int32() };
};
