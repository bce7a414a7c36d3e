import { partitionOfKey } from '@millrace/protocol';
import type { PartitionPlace } from '../client/kafkajs-cluster';
import type { ProduceAnswer } from '../wire/produce-request';
import type { RecordToWrite } from '../wire/record-batch-writer';
import type { Batch, BatchEntry } from './send-queue';

/** The records of a batch that go to one partition. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: RecordToWrite[];
}

/** Where a record goes whose writer did not say. */
export type ChoosePartition = (topic: string, key: string | null, places: readonly PartitionPlace[]) => number;

/** Java's murmur2 for keys; without a key, the partitions that have a leader in turn. */
export const choosingPartitions = (random: () => number = Math.random): ChoosePartition => {
  const turns = new Map<string, number>();
  return (topic, key, places) => {
    if (key !== null) return partitionOfKey(key, places.length);
    const turn = turns.get(topic) ?? Math.floor(random() * 2 ** 30);
    turns.set(topic, turn + 1);
    const led = places.filter(({ leader }) => leader >= 0);
    const candidates = led.length > 0 ? led : places;
    return candidates[turn % candidates.length]!.partitionId;
  };
};

/**
 * Sorts a batch by topic and partition, in the order of its records. A choice of partition is written into the entry, so
 * that a batch that goes out again goes to the same place.
 */
export const partitionBatches = (
  batch: Batch,
  choose: ChoosePartition,
  placesOf: (topic: string) => readonly PartitionPlace[],
): PartitionBatch[] => {
  const topics = new Map<string, Map<number, PartitionBatch>>();
  let topic: string | null = null;
  let byPartition!: Map<number, PartitionBatch>;
  for (const { entries } of batch.parts) {
    for (const entry of entries) {
      const { message } = entry;
      if (message.topic !== topic) {
        topic = message.topic;
        byPartition = topics.get(topic) ?? new Map();
        topics.set(topic, byPartition);
      }
      const partition = partitionOf(entry, choose, placesOf);
      const found = byPartition.get(partition);
      if (found) found.records.push(message);
      else byPartition.set(partition, { topic: message.topic, partition, records: [message] });
    }
  }
  return Array.from(topics.values(), (each) => [...each.values()]).flat();
};

const partitionOf = (
  entry: BatchEntry,
  choose: ChoosePartition,
  placesOf: (topic: string) => readonly PartitionPlace[],
): number => {
  const { topic, key } = entry.message;
  entry.partition ??= choose(topic, key, placesOf(topic));
  return entry.partition;
};

/**
 * Takes what the brokers acknowledged out of what was sent. Every partition must be named in an answer: silence about one
 * is no acknowledgement.
 *
 * @returns what was not acknowledged, and the first error code
 */
export const unacknowledged = <T extends { readonly topic: string; readonly partition: number }>(
  sent: readonly T[],
  answers: readonly ProduceAnswer[],
): { open: T[]; code: number | null } => {
  const codes = new Map(answers.map(({ topic, partition, code }) => [`${topic}/${partition}`, code]));
  const codeOf = ({ topic, partition }: T): number | undefined => codes.get(`${topic}/${partition}`);
  const open = sent.filter((each) => codeOf(each) !== 0);
  return { open, code: open.map(codeOf).find((code) => code !== undefined) ?? null };
};
