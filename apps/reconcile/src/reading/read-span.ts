import type { RecordReader } from '@millrace/kafka';
import type { IncomingMessage } from '@millrace/protocol';

export type TopicReader = Pick<RecordReader, 'fetch' | 'beginnings' | 'ends' | 'offsetsAt'>;

export interface Span {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  /** Exclusive. */
  readonly to: bigint;
}

/** Answers without anything, one after the other, after which a partition is taken to hold nothing more before its end. */
const EMPTY_ANSWERS = 5;

/**
 * Reads a stretch of one partition in order. The next records are on their way while those before them are looked at.
 *
 * @throws when the brokers cannot be reached
 */
export const readSpan = async (
  reader: TopicReader,
  { topic, partition, from, to }: Span,
  onMessage: (message: IncomingMessage) => void,
): Promise<void> => {
  let position = from;
  let empty = 0;
  let next = position < to ? ask(reader, topic, partition, position) : null;
  while (next !== null) {
    const answer = await next;
    empty = answer.next > position ? 0 : empty + 1;
    position = answer.next;
    // A compacted partition may end with records that compaction has taken.
    next = position < to && empty < EMPTY_ANSWERS ? ask(reader, topic, partition, position) : null;
    for (const message of answer.messages) if (message.offset < to) onMessage(message);
  }
};

type Answer = Awaited<ReturnType<TopicReader['fetch']>>;

const ask = (reader: TopicReader, topic: string, partition: number, from: bigint): Promise<Answer> => {
  const answer = reader.fetch(topic, partition, from);
  // It is awaited after the records before it; a failure meanwhile is that await's to throw.
  answer.catch(() => {});
  return answer;
};
