import { RETRY_TIERS } from '@millrace/domain';
import type { TopicNames } from '@millrace/protocol';
import type { TopicReader } from './read-span';

/**
 * The topics that are partitioned by endpoint, in the order in which their ends are captured. The record of a task, and the
 * bit that parks it, are written before the fact that tells of them; so the log is captured first, and what it tells of can
 * be seen in the others. A task moves from the tiers to `deliveries`, and its record stays where it was, so between these
 * the order does not matter.
 */
export const endpointTopics = (topics: TopicNames): string[] => [
  topics.deliveryLog,
  topics.dispatchState,
  topics.deliveries,
  ...RETRY_TIERS.map(({ name }) => topics.retry(name)),
  topics.deadLetter,
];

export type Offsets = Map<string, Map<number, bigint>>;

/** One topic after the other, in the order given. */
export const captureEnds = async (reader: TopicReader, topics: readonly string[]): Promise<Offsets> => {
  const ends: Offsets = new Map();
  for (const topic of topics) ends.set(topic, await reader.ends(topic));
  return ends;
};

export const captureBeginnings = async (reader: TopicReader, topics: readonly string[]): Promise<Offsets> => {
  const beginnings: Offsets = new Map();
  for (const topic of topics) beginnings.set(topic, await reader.beginnings(topic));
  return beginnings;
};

/** First offset of each partition at or after the time (Unix ms); its end where there is none. */
export const captureSince = async (
  reader: TopicReader,
  topics: readonly string[],
  since: number,
  ends: Offsets,
): Promise<Offsets> => {
  const offsets: Offsets = new Map();
  for (const topic of topics) {
    const found = await reader.offsetsAt(topic, since);
    offsets.set(
      topic,
      new Map([...ends.get(topic)!].map(([partition, end]) => [partition, firstOr(found.get(partition), end)])),
    );
  }
  return offsets;
};

const firstOr = (offset: bigint | undefined, end: bigint): bigint =>
  offset === undefined || offset < 0n ? end : offset;

/** All topics of endpoints must have the same partitions: a delivery is followed within one. */
export class TopicsDiffer extends Error {
  override readonly name = 'TopicsDiffer';
}

export const partitionsOf = (ends: Offsets): number => {
  const counts = [...ends].map(([topic, partitions]) => [topic, partitions.size] as const);
  const [first] = counts;
  const other = counts.find(([, count]) => count !== first![1]);
  if (other)
    throw new TopicsDiffer(
      `${first![0]} has ${first![1]} partitions and ${other[0]} has ${other[1]}: deliveries cannot be followed. Topics are made by the schedule in libs/protocol and never change their partitions.`,
    );
  return first![1];
};
