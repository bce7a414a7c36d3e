import type { KafkaConnection } from '@millrace/kafka';
import { CheckpointStore, type Database } from '@millrace/postgres';
import type { IncomingMessage, TopicNames } from '@millrace/protocol';
import { DayPartitions } from '../projector/day-partitions.store';
import { ExpectedOffsets, Projection } from '../projector/projection';
import { BATCH_FACTS } from '../projector/projector.consumer';

export interface RebuildReport {
  readonly partitions: number;
  readonly records: number;
  readonly facts: number;
  readonly durationMs: number;
}

/** Partitions that are read at once. */
const READERS = 4;
/** Records are asked for in pieces, so that a long partition is never in memory as a whole. */
const PIECE = { records: 1_000, most: 20_000, bytes: 16 * 1024 * 1024 };

interface Line {
  readonly topic: string;
  readonly partition: number;
  readonly end: bigint;
}

/** Projects the whole log, up to the ends that it has now, into empty tables; the same code as the live projector's. */
export const rebuildHistory = async (
  kafka: KafkaConnection,
  database: Database,
  names: TopicNames,
  topics: readonly string[],
): Promise<RebuildReport> => {
  const startedAt = performance.now();
  const lines = await linesToRead(kafka, topics);
  const waiting = [...lines];
  const projection = new Projection(database, new CheckpointStore(database), new DayPartitions(database), names);
  let records = 0;
  let facts = 0;
  const readLines = async () => {
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
      const read = await rebuildLine(kafka, projection, line);
      records += read.records;
      facts += read.facts;
    }
  };
  await Promise.all(Array.from({ length: READERS }, readLines));
  return { partitions: lines.length, records, facts, durationMs: Math.round(performance.now() - startedAt) };
};

const linesToRead = async (kafka: KafkaConnection, topics: readonly string[]): Promise<Line[]> => {
  const lines: Line[] = [];
  for (const topic of topics)
    for (const [partition, end] of await kafka.endOffsets(topic)) if (end > 0n) lines.push({ topic, partition, end });
  return lines;
};

const rebuildLine = async (kafka: KafkaConnection, projection: Projection, { topic, partition, end }: Line) => {
  const expected = new ExpectedOffsets();
  let records = 0;
  let facts = 0;
  let size = PIECE.records;
  for (let from = 0n; from < end; ) {
    const to = from + BigInt(size) < end ? from + BigInt(size) : end;
    const piece: IncomingMessage[] = [];
    let bytes = 0;
    await kafka.readRange({
      topic,
      partition,
      from,
      to,
      onMessage: (message) => {
        piece.push(message);
        bytes += message.value?.length ?? 0;
      },
    });
    facts += await projectPiece(projection, piece, expected);
    records += piece.length;
    size = bytes < PIECE.bytes ? Math.min(size * 2, PIECE.most) : Math.max(size >> 1, 100);
    from = to;
  }
  return { records, facts };
};

const projectPiece = async (
  projection: Projection,
  piece: readonly IncomingMessage[],
  expected: ExpectedOffsets,
): Promise<number> => {
  let facts = 0;
  let from = 0;
  while (from < piece.length) {
    const batch = projection.newBatch();
    let to = from;
    while (to < piece.length && batch.size < BATCH_FACTS) batch.add(piece[to++]!);
    await projection.project(piece.slice(from, to), batch, expected);
    facts += batch.size;
    from = to;
  }
  return facts;
};
