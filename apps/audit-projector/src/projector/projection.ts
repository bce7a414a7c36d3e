import type { CheckpointMove, CheckpointStore, Database, Transaction } from '@millrace/postgres';
import { decodeFacts, type IncomingMessage, type TopicNames } from '@millrace/protocol';
import { type RefusedFactRow, refusedFact, refusedRecord } from '../projections/refused-facts/refused-fact.projection';
import type { DayPartitions } from './day-partitions.store';
import { writeBatch } from './history.store';
import { HistoryBatch } from './history-batch';

/**
 * Carries records of the log into the tables, exactly once: the rows and the checkpoint that says so commit together.
 * A record that PostgreSQL will not take is found by halving the batch, put aside fact by fact, and passed.
 */
export class Projection {
  constructor(
    private readonly database: Database,
    private readonly checkpoints: CheckpointStore,
    private readonly days: DayPartitions,
    private readonly topics: TopicNames,
  ) {}

  newBatch(): HistoryBatch {
    return new HistoryBatch(this.topics);
  }

  /**
   * `records` of a partition are in order; `batch` is what they fold to. Throws ZombieProjector when another projector
   * was faster, and whatever the database throws when it is not there; nothing of the batch is stored then.
   */
  async project(records: readonly IncomingMessage[], batch: HistoryBatch, expected: ExpectedOffsets): Promise<void> {
    const moves = movesOf(records, expected);
    await this.days.ensureFor(batch);
    try {
      await this.database.transaction(async (tx) => {
        await this.checkpoints.advanceAll(tx, moves);
        await writeBatch(tx, batch);
      });
    } catch (error) {
      if (isMissingPartition(error)) this.days.forget();
      if (!isDataError(error)) throw error;
      await this.projectInParts(records, expected);
      return;
    }
    expected.moved(moves);
  }

  private async projectInParts(records: readonly IncomingMessage[], expected: ExpectedOffsets): Promise<void> {
    if (records.length === 1) return this.projectFactByFact(records[0]!, expected);
    const middle = records.length >> 1;
    for (const half of [records.slice(0, middle), records.slice(middle)]) {
      const batch = this.newBatch();
      for (const record of half) batch.add(record);
      await this.project(half, batch, expected);
    }
  }

  private async projectFactByFact(record: IncomingMessage, expected: ExpectedOffsets): Promise<void> {
    const moves = movesOf([record], expected);
    const facts: unknown[] | null = record.topic === this.topics.deliveryLog ? decodeFacts(record) : null;
    await this.database.transaction(async (tx) => {
      await this.checkpoints.advanceAll(tx, moves);
      if (facts === null) {
        const batch = this.newBatch();
        batch.add(record);
        await this.writeOrPutAside(tx, batch, (reason) => refusedRecord(record, reason));
      }
      for (const [index, fact] of facts?.entries() ?? []) {
        const batch = this.newBatch();
        batch.addFact(record, index, fact);
        await this.writeOrPutAside(tx, batch, (reason) => refusedFact(record, index, fact, reason));
      }
    });
    expected.moved(moves);
  }

  private async writeOrPutAside(
    tx: Transaction,
    batch: HistoryBatch,
    putAside: (reason: string) => RefusedFactRow,
  ): Promise<void> {
    await tx.query('SAVEPOINT fact');
    try {
      await writeBatch(tx, batch);
      await tx.query('RELEASE SAVEPOINT fact');
    } catch (error) {
      if (!isDataError(error)) throw error;
      await tx.query('ROLLBACK TO SAVEPOINT fact');
      const aside = this.newBatch();
      aside.refusedFacts.push(putAside(`PostgreSQL ${codeOf(error)}`));
      await writeBatch(tx, aside);
    }
  }
}

/** Next offset of each partition that this process projects, as the checkpoint table had it when last seen. */
export class ExpectedOffsets {
  private readonly next = new Map<string, bigint | null>();

  set(topic: string, partition: number, offset: bigint | null): void {
    this.next.set(`${topic}/${partition}`, offset);
  }
  get(topic: string, partition: number): bigint | null {
    return this.next.get(`${topic}/${partition}`) ?? null;
  }
  moved(moves: readonly CheckpointMove[]): void {
    for (const { topic, partition, to } of moves) this.set(topic, partition, to);
  }
}

const movesOf = (records: readonly IncomingMessage[], expected: ExpectedOffsets): CheckpointMove[] => {
  const moves = new Map<string, CheckpointMove>();
  for (const { topic, partition, offset } of records)
    moves.set(`${topic}/${partition}`, {
      topic,
      partition,
      from: expected.get(topic, partition),
      to: offset + 1n,
    });
  return [...moves.keys()].sort().map((key) => moves.get(key)!);
};

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '');

/** PostgreSQL reports a row without a partition as a check violation that names no constraint. */
const isMissingPartition = (error: unknown): boolean =>
  codeOf(error) === '23514' && /no partition of relation/.test(String((error as Error).message));

/** Classes 22 data exception, 23 integrity, 54 limit exceeded: the same rows would fail again. */
const isDataError = (error: unknown): boolean => /^(22|23|54)/.test(codeOf(error)) && !isMissingPartition(error);
