import type { Database } from '@millrace/postgres';
import { UNKNOWN_TENANT } from '@millrace/protocol';
import type { Position } from '../history-api/cursor';
import { Where } from '../history-api/where.store';
import type { QuarantineListQuery } from './quarantine-query';

export interface StoredQuarantined {
  readonly topic: string;
  readonly partition: number;
  readonly record_offset: string;
  readonly rejected_at: string;
  readonly code: string;
  /** JSON, see RejectionDetail. */
  readonly detail: Buffer;
  readonly value: Buffer | null;
  readonly value_bytes: number;
  readonly tenant: string | null;
  readonly last_action: 'redriven' | 'discarded' | null;
}

export interface StoredAction {
  readonly action: 'redriven' | 'discarded';
  readonly acted_at: string;
  readonly acted_by: string;
  readonly corrected: number;
  readonly reason: Buffer | null;
}

/**
 * Whose items somebody sees: a tenant's own; the site's operator sees also what nobody's name is on, and what names a tenant
 * that there was not: nobody of that name could see it.
 */
export interface Sight {
  readonly tenant: string;
  readonly nobodys: boolean;
}

const LAST_ACTION = `(SELECT action FROM quarantine_actions a
  WHERE a.topic = r.topic AND a.partition = r.partition AND a.of_offset = r.record_offset
  ORDER BY a.record_offset DESC LIMIT 1)`;
const COLUMNS = `r.topic, r.partition, r.record_offset, r.rejected_at, r.code, r.detail, r.value, r.value_bytes, r.tenant,
  ${LAST_ACTION} AS last_action`;

/** Newest or oldest first. */
export type Order = 'DESC' | 'ASC';

/** Reads of the quarantine. */
export class QuarantineReader {
  constructor(private readonly database: Database) {}

  list(
    sight: Sight,
    topic: string | undefined,
    query: Pick<QuarantineListQuery, 'state' | 'code' | 'from' | 'to'>,
    after: Position | null,
    limit: number,
    order: Order = 'DESC',
  ): Promise<StoredQuarantined[]> {
    const where = seenBy(sight)
      .and('r.topic = ?', topic)
      .and('r.code = ?', query.code)
      .and('r.rejected_at >= ?', query.from)
      .and('r.rejected_at < ?', query.to);
    if (query.state !== undefined) where.and(`COALESCE(${LAST_ACTION}, 'open') = ?`, query.state);
    if (after !== null)
      where.and(
        `(r.rejected_at, r.topic || '/' || lpad(r.record_offset::text, 20, '0')) ${order === 'DESC' ? '<' : '>'} (?, ?)`,
        after.at,
        after.id,
      );
    return this.database.query(
      `SELECT ${COLUMNS} FROM rejections r WHERE ${where}
       ORDER BY r.rejected_at ${order}, r.topic || '/' || lpad(r.record_offset::text, 20, '0') ${order}
       LIMIT ${Number(limit)}`,
      where.parameters,
    );
  }

  async find(sight: Sight, topic: string, partition: number, offset: string): Promise<StoredQuarantined | undefined> {
    const where = seenBy(sight)
      .and('r.topic = ?', topic)
      .and('r.partition = ?', partition)
      .and('r.record_offset = ?', offset);
    const rows = await this.database.query<StoredQuarantined[]>(
      `SELECT ${COLUMNS} FROM rejections r WHERE ${where}`,
      where.parameters,
    );
    return rows[0];
  }

  actions(topic: string, partition: number, offset: string): Promise<StoredAction[]> {
    return this.database.query(
      `SELECT action, acted_at, acted_by, corrected, reason FROM quarantine_actions
       WHERE topic = $1 AND partition = $2 AND of_offset = $3 ORDER BY record_offset LIMIT 100`,
      [topic, partition, offset],
    );
  }
}

/** Place of a row in the order of the list. */
export const positionOf = (row: StoredQuarantined): Position => ({
  at: Number(row.rejected_at),
  id: `${row.topic}/${row.record_offset.padStart(20, '0')}`,
});

const seenBy = ({ tenant, nobodys }: Sight): Where =>
  nobodys
    ? new Where().and('(r.tenant = ? OR r.tenant IS NULL OR r.code = ?)', tenant, UNKNOWN_TENANT)
    : new Where().and('r.tenant = ?', tenant);
