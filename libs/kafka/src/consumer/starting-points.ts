import type { TopicPartition } from '../kafka-settings';
import type { JoinOutcome } from './assigned-partitions';
import { decodeCompleted } from './completed-set';
import type { PartitionTenure } from './partition-tenure';
import { WatermarkTracker } from './watermark-tracker';
import type { WindowedConsumerOptions } from './windowed-consumer';

export interface CommittedOffset extends TopicPartition {
  /** Null when the group has committed none. */
  readonly offset: bigint | null;
  readonly metadata: string | null;
}

export interface StartingPointPorts {
  committed(topics: readonly string[]): Promise<CommittedOffset[]>;
  seek(topic: string, partition: number, offset: number): void;
  /** False when another join has come meanwhile. */
  valid(): boolean;
}

/**
 * Sets where each gained partition begins: at the handler's own offset, else at the committed one, skipping what its
 * metadata says is finished. What was kept learns what others committed, in case that the group gave it away in between.
 */
export const placeTrackers = async (
  outcome: JoinOutcome,
  options: Pick<WindowedConsumerOptions, 'startOffset' | 'commitIntervalMs'>,
  ports: StartingPointPorts,
): Promise<void> => {
  const tenures = [...outcome.gained, ...outcome.kept];
  if (tenures.length === 0) return;
  const topics = options.commitIntervalMs === null ? [] : [...new Set(tenures.map(({ topic }) => topic))];
  const committed = topics.length === 0 ? [] : await ports.committed(topics);
  const entryOf = ({ topic, partition }: PartitionTenure): CommittedOffset | undefined =>
    committed.find((entry) => entry.topic === topic && entry.partition === partition);

  for (const tenure of outcome.gained) {
    const own = (await options.startOffset?.(tenure.topic, tenure.partition)) ?? null;
    if (!ports.valid()) return;
    const entry = entryOf(tenure);
    if (own !== null) {
      tenure.tracker = new WatermarkTracker(Number(own));
      ports.seek(tenure.topic, tenure.partition, Number(own));
    } else if (entry && entry.offset !== null) {
      const offset = Number(entry.offset);
      tenure.tracker = new WatermarkTracker(offset, decodeCompleted(offset, entry.metadata));
    }
  }
  if (!ports.valid()) return;
  for (const tenure of outcome.kept) {
    const entry = entryOf(tenure);
    if (entry && entry.offset !== null)
      tenure.tracker.merge(Number(entry.offset), decodeCompleted(Number(entry.offset), entry.metadata));
  }
};
