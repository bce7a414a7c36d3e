import type { Database, Transaction } from '../database/database';

/** For a service's own migration. */
export const CHECKPOINT_TABLES = {
  up: [
    `CREATE TABLE checkpoint (
      topic       text NOT NULL,
      partition   integer NOT NULL,
      next_offset bigint NOT NULL,
      updated_at  timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (topic, partition)
    )`,
  ],
  down: ['DROP TABLE checkpoint'],
} as const;

export interface CheckpointMove {
  readonly topic: string;
  readonly partition: number;
  /** The next offset that this process believed in: null when it found no checkpoint. */
  readonly from: bigint | null;
  /** Next offset to read after this transaction. */
  readonly to: bigint;
}

/**
 * How far a projection has read, stored in the same transaction as its rows: that makes it exactly once. A move succeeds
 * only from where its caller believed to be; whoever is wrong about that (its partition went to another process) gets
 * ZombieProjector and must roll back.
 */
export class CheckpointStore {
  constructor(private readonly database: Database) {}

  /** Next offset to read, or null when nothing was read yet. */
  async nextOffset(topic: string, partition: number): Promise<bigint | null> {
    const rows = (await this.database.query('SELECT next_offset FROM checkpoint WHERE topic = $1 AND partition = $2', [
      topic,
      partition,
    ])) as Array<{ next_offset: string }>;
    return rows[0] === undefined ? null : BigInt(rows[0].next_offset);
  }

  async advance(tx: Transaction, topic: string, partition: number, from: bigint | null, to: bigint): Promise<void> {
    await this.advanceAll(tx, [{ topic, partition, from, to }]);
  }

  /** All moves or none. Each (topic, partition) may stand once. */
  async advanceAll(tx: Transaction, moves: readonly CheckpointMove[]): Promise<void> {
    if (moves.length === 0) return;
    const moved = (await tx.query(
      `WITH move AS (
         SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS m(topic, partition, from_offset, to_offset)
       ), first AS (
         INSERT INTO checkpoint (topic, partition, next_offset)
         SELECT topic, partition, to_offset FROM move WHERE from_offset IS NULL ORDER BY topic, partition
         ON CONFLICT DO NOTHING RETURNING topic, partition
       ), later AS (
         UPDATE checkpoint c SET next_offset = m.to_offset, updated_at = now() FROM move m
         WHERE c.topic = m.topic AND c.partition = m.partition AND c.next_offset = m.from_offset
         RETURNING c.topic, c.partition
       )
       SELECT topic, partition FROM first UNION ALL SELECT topic, partition FROM later`,
      [
        moves.map((move) => move.topic),
        moves.map((move) => move.partition),
        moves.map((move) => move.from?.toString() ?? null),
        moves.map((move) => move.to.toString()),
      ],
    )) as Array<{ topic: string; partition: number }>;
    if (moved.length === moves.length) return;
    const done = new Set(moved.map((row) => `${row.topic}/${row.partition}`));
    const refused = moves.find((move) => !done.has(`${move.topic}/${move.partition}`))!;
    throw new ZombieProjector(refused);
  }
}

/** Another process has moved this checkpoint: the transaction must be rolled back and the offset read again. */
export class ZombieProjector extends Error {
  override readonly name = 'ZombieProjector';
  constructor(readonly move: CheckpointMove) {
    super(`The checkpoint of ${move.topic}/${move.partition} is no longer at ${move.from ?? 'its beginning'}.`);
  }
}
