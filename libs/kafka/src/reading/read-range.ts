import type { IncomingMessage } from '@millrace/protocol';
import type { PartitionReader } from './partition-reader';

export interface ReadRangeOptions {
  readonly topic: string;
  readonly partition: number;
  /** First offset, or the first record at or after a time (Unix ms). */
  readonly from: bigint | { readonly timestamp: number };
  /** Exclusive; default and upper bound is the end at the time of the call. */
  readonly to?: bigint;
  onMessage(message: IncomingMessage): void;
}

const FETCH_WAIT_MS = 500;

/** @throws when the topic or the partition does not exist, or the brokers cannot be reached */
export const readRange = async (reader: PartitionReader, options: ReadRangeOptions): Promise<void> => {
  const { topic, partition, from } = options;
  const end = (await reader.ends(topic)).get(partition);
  const first = (await reader.beginnings(topic)).get(partition);
  if (end === undefined || first === undefined) throw new Error(`partition ${partition} of ${topic} does not exist`);
  const stop = options.to !== undefined && options.to < end ? options.to : end;
  const asked = typeof from === 'bigint' ? from : await offsetAt(reader, topic, partition, from.timestamp, end);
  const positions = new Map([[partition, later(asked, first)]]);
  while (positions.get(partition)! < stop) {
    for (const message of await reader.fetch(topic, positions, FETCH_WAIT_MS))
      if (message.offset < stop) options.onMessage(message);
  }
};

const later = (a: bigint, b: bigint): bigint => {
  if (a > b) return a;
  return b;
};

const offsetAt = async (
  reader: PartitionReader,
  topic: string,
  partition: number,
  timestamp: number,
  end: bigint,
): Promise<bigint> => {
  const found = (await reader.offsetsAt(topic, timestamp)).get(partition) ?? -1n;
  return found < 0n ? end : found;
};
