import { plainArray, textArray } from './array-literal';
import type { Sql } from './sql';

/** How far a partition moves in one transaction: from the offset that was next to the one that is next now. */
export interface Advance {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

/** Someone else has moved the checkpoint: this projector's view of it is old, and its transaction must not commit. */
export class CheckpointMoved extends Error {
  constructor(readonly partitions: ReadonlyArray<{ topic: string; partition: number }>) {
    super(
      `The checkpoint of ${partitions.map(({ topic, partition }) => `${topic}/${partition}`).join(', ')} was moved by another projector.`,
    );
  }
}

/** Offset of the next record to project; 0 for a partition never read. */
export const readCheckpoint = async (sql: Sql, topic: string, partition: number): Promise<bigint> => {
  await sql.query('INSERT INTO checkpoints (topic, partition, next_offset) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING', [
    topic,
    partition,
  ]);
  const [row] = await sql.query<{ next_offset: string }>(
    'SELECT next_offset FROM checkpoints WHERE topic = $1 AND partition = $2',
    [topic, partition],
  );
  return BigInt(row!.next_offset);
};

/** In one statement for all partitions of the batch, in key order; all of them move or CheckpointMoved is thrown. */
export const advanceCheckpoints = async (sql: Sql, advances: readonly Advance[]): Promise<void> => {
  const rows = await sql.query<{ topic: string; partition: number }>(
    `WITH wanted AS (
       SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]) AS w (topic, partition, expected, next)
     ), held AS (
       SELECT c.topic, c.partition, w.next FROM checkpoints c JOIN wanted w ON w.topic = c.topic AND w.partition = c.partition
       WHERE c.next_offset = w.expected ORDER BY c.topic, c.partition FOR UPDATE OF c
     ), moved AS (
       UPDATE checkpoints c SET next_offset = held.next FROM held
       WHERE c.topic = held.topic AND c.partition = held.partition RETURNING c.topic, c.partition
     )
     SELECT topic, partition FROM moved`,
    [
      textArray(advances.map(({ topic }) => topic)),
      plainArray(advances.map(({ partition }) => partition)),
      plainArray(advances.map(({ from }) => from)),
      plainArray(advances.map(({ to }) => to)),
    ],
  );
  if (rows.length === advances.length) return;
  const done = new Set(rows.map(({ topic, partition }) => `${topic}/${partition}`));
  throw new CheckpointMoved(advances.filter(({ topic, partition }) => !done.has(`${topic}/${partition}`)));
};
