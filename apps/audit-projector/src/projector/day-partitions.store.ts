import { timeOfDeliveryId } from '@millrace/domain';
import type { Database } from '@millrace/postgres';
import type { HistoryBatch } from './history-batch';
import { dayOf } from './postgres-text';

const PARTITIONED = ['events', 'deliveries', 'attempts'] as const;
type Partitioned = (typeof PARTITIONED)[number];
interface DayPartition {
  readonly table: Partitioned;
  /** `2026-02-17`, UTC. */
  readonly day: string;
}

const DAY_MS = 86_400_000;
const nameOf = ({ table, day }: DayPartition): string => `${table}_${day.replaceAll('-', '')}`;

/** The smallest UUID that begins with this time, as ids of deliveries do. */
export const firstIdOf = (ms: number): string => {
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
};

const boundsOf = ({ table, day }: DayPartition): string => {
  const from = Date.parse(day);
  const to = from + DAY_MS;
  return table === 'events'
    ? `FROM ('${day}') TO ('${dayOf(to)}')`
    : `FROM ('${firstIdOf(from)}') TO ('${firstIdOf(to)}')`;
};

/**
 * Rows of a delivery are updated while it lives, most of those of a page in one batch: room on the page for a second version
 * of each keeps the updates off the indexes, and what is outdated is cleared away before the next. In the end the table
 * is smaller than with less room.
 */
const FILL = { events: 100, deliveries: 45, attempts: 90 } as const;

const partitionsOf = (batch: HistoryBatch): DayPartition[] => {
  const days = { events: new Set<string>(), deliveries: new Set<string>(), attempts: new Set<string>() };
  for (const row of batch.events.values()) days.events.add(row.day);
  addDays(days.deliveries, batch.deliveries.values());
  addDays(days.attempts, batch.attempts.values());
  return PARTITIONED.flatMap((table) => [...days[table]].map((day) => ({ table, day })));
};

/** The day of most rows is that of the row before. */
const addDays = (days: Set<string>, rows: Iterable<{ readonly deliveryId: string }>): void => {
  let last = -1;
  for (const { deliveryId } of rows) {
    const at = timeOfDeliveryId(deliveryId);
    const day = Math.floor(at / DAY_MS);
    if (day !== last) days.add(dayOf(at));
    last = day;
  }
};

/** Partitions by day, made when a day's first row comes and dropped when the day is older than the history keeps. */
export class DayPartitions {
  private readonly known = new Set<string>();

  constructor(private readonly database: Database) {}

  /**
   * Makes what the batch needs and is not there. Outside the batch's transaction, and by attaching: a new partition made
   * in place would lock the whole table against readers.
   */
  async ensureFor(batch: HistoryBatch): Promise<void> {
    for (const partition of partitionsOf(batch)) {
      const name = nameOf(partition);
      if (this.known.has(name)) continue;
      await this.create(name, partition);
      this.known.add(name);
    }
  }

  /** After a write failed for want of a partition: another process has dropped one that was known here. */
  forget(): void {
    this.known.clear();
  }

  private async create(name: string, partition: DayPartition): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(hashtext(current_schema() || '.partitions'))`);
      const attached = await tx.query<unknown[]>(
        `SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = current_schema() AND c.relname = $1 AND c.relispartition`,
        [name],
      );
      if (attached.length > 0) return;
      // A table of this name that is not attached is what an interrupted drop left behind.
      await tx.query(`DROP TABLE IF EXISTS ${name}`);
      await tx.query(
        `CREATE TABLE ${name} (LIKE ${partition.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)
         WITH (fillfactor = ${FILL[partition.table]})`,
      );
      await tx.query(`ALTER TABLE ${partition.table} ATTACH PARTITION ${name} FOR VALUES ${boundsOf(partition)}`);
    });
  }

  /** Days before `day` with deliveries that have not ended: parked, taken up again, or made anew by a recovery. */
  async openBefore(day: string): Promise<Set<string>> {
    const open = new Set<string>();
    for (const { name, attached } of await this.before(day)) {
      if (!attached || !name.startsWith('deliveries_')) continue;
      const found = await this.database.query<unknown[]>(
        `SELECT 1 FROM ${name} WHERE status IN ('pending', 'retrying', 'parked') LIMIT 1`,
      );
      if (found.length > 0) open.add(name.slice('deliveries_'.length));
    }
    return open;
  }

  /**
   * Drops the partitions of days before `day`; returns their names.
   * @param kept days, as `20260217`, whose deliveries and attempts stay
   */
  async dropBefore(day: string, kept: ReadonlySet<string> = new Set()): Promise<string[]> {
    const dropped: string[] = [];
    for (const { name, table, attached } of await this.before(day)) {
      if (table !== 'events' && kept.has(name.slice(table.length + 1))) continue;
      if (attached) await this.database.query(`ALTER TABLE ${table} DETACH PARTITION ${name} CONCURRENTLY`);
      await this.database.query(`DROP TABLE ${name}`);
      this.known.delete(name);
      dropped.push(name);
    }
    return dropped;
  }

  private before(day: string): Promise<{ name: string; table: Partitioned; attached: boolean }[]> {
    return this.database.query<{ name: string; table: Partitioned; attached: boolean }[]>(
      `SELECT c.relname AS name, split_part(c.relname, '_', 1) AS table, c.relispartition AS attached
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname ~ '^(events|deliveries|attempts)_[0-9]{8}$'
         AND split_part(c.relname, '_', 2) < $1
       ORDER BY 1`,
      [day.replaceAll('-', '')],
    );
  }
}
