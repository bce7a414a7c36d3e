import type { Database } from '@millrace/postgres';
import type { DeliveryStatus, ManyWish } from '@millrace/protocol';
import type { Position } from '../history-api/cursor';
import { Where } from '../history-api/where.store';

/** What a command needs to know of its delivery; bigint columns are text. */
export interface CommandTarget {
  readonly delivery_id: string;
  readonly endpoint_id: string;
  readonly status: DeliveryStatus;
  readonly epoch: number;
  readonly attempt: number;
  readonly record_offset: string | null;
  readonly sequence: string | null;
  readonly previous_event_id: string | null;
  readonly created_at: string;
}

const TARGET =
  'delivery_id, endpoint_id, status, epoch, attempt, record_offset, sequence, previous_event_id, created_at';

/** Reads of the history for commands. Every query begins with the tenant. */
export class CommandTargets {
  constructor(private readonly database: Database) {}

  async find(tenant: string, id: string): Promise<CommandTarget | undefined> {
    const rows = await this.database.query<CommandTarget[]>(
      `SELECT ${TARGET} FROM deliveries WHERE tenant = $1 AND delivery_id = $2 AND created_at IS NOT NULL`,
      [tenant, id],
    );
    return rows[0];
  }

  /** Whether the endpoint's owner has answered the command. */
  async isAnswered(tenant: string, deliveryId: string, commandId: string): Promise<boolean> {
    const rows = await this.database.query<unknown[]>(
      'SELECT 1 FROM commands WHERE tenant = $1 AND delivery_id = $2 AND command_id = $3',
      [tenant, deliveryId, commandId],
    );
    return rows.length > 0;
  }

  /** Newest first; by key, so that a row that changes meanwhile neither comes twice nor hides another. */
  many(
    tenant: string,
    filter: ManyWish['filter'],
    statuses: readonly DeliveryStatus[],
    after: Position | null,
    limit: number,
  ): Promise<CommandTarget[]> {
    const where = new Where()
      .and('tenant = ?', tenant)
      .and('created_at IS NOT NULL')
      .and('status = ANY(?)', statuses)
      .and('endpoint_id = ?', filter.endpointId)
      .and('event_type = ?', filter.eventType)
      .and('created_at >= ?', filter.from)
      .and('created_at < ?', filter.to)
      .and('(created_at, delivery_id) < (?, ?)', after?.at, after?.id);
    return this.database.query(
      `SELECT ${TARGET} FROM deliveries WHERE ${where} ORDER BY created_at DESC, delivery_id DESC LIMIT ${limit}`,
      where.parameters,
    );
  }
}
