import type { ByteWriter } from './byte-writer';

/** Kafka's usual list: topics, and under each its partitions. Entries of one topic must follow each other. */
export const writeByTopic = <T extends { readonly topic: string }>(
  writer: ByteWriter,
  entries: readonly T[],
  write: (entry: T) => void,
): void => {
  const topicsAt = writer.length;
  writer.int32(0);
  let topics = 0;
  let countAt = 0;
  let count = 0;
  let topic: string | null = null;
  for (const entry of entries) {
    if (entry.topic !== topic) {
      topic = entry.topic;
      topics++;
      writer.text(topic);
      countAt = writer.length;
      writer.int32(0);
      count = 0;
    }
    writer.int32At(countAt, ++count);
    write(entry);
  }
  writer.int32At(topicsAt, topics);
};
