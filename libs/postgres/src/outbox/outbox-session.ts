import type { OutgoingMessage } from '@millrace/protocol';
import type { Client } from 'pg';
import { type OutboxTicket, outboxChannel } from './outbox';
import type { TicketState } from './publication-waiters';

export interface OutboxRow {
  readonly id: string;
  readonly message: OutgoingMessage;
}

interface StoredRow {
  id: string;
  topic: string;
  key: string | null;
  partition: number | null;
  value: Buffer | null;
  headers: { [name: string]: string };
}

/** Bytes of values in one batch, beside the limit of rows. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** One connection of a relay: its listening, its leadership, its reads and deletes. Ends with the connection. */
export class OutboxSession {
  leader = false;
  private failure: Error | null = null;

  private constructor(
    private readonly client: Client,
    private readonly schema: string,
  ) {}

  static async open(client: Client, schema: string, onNotice: (what: string) => void): Promise<OutboxSession> {
    const session = new OutboxSession(client, schema);
    client.on('error', (error) => {
      session.failure ??= error;
      session.leader = false;
      onNotice('lost');
    });
    client.on('end', () => {
      session.failure ??= new Error('The connection of the outbox relay ended.');
      session.leader = false;
      onNotice('lost');
    });
    client.on('notification', (notification) => onNotice(notification.payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${outboxChannel(schema)}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    return session;
  }

  assertOpen(): void {
    if (this.failure !== null) throw this.failure;
  }

  /**
   * Takes the lock when it is free. When the note of another leader's publish is found, waits until that publish is over
   * for certain before the first own one; gives up early when `cancelled`.
   */
  async tryToLead(fenceMs: number, cancelled: () => boolean): Promise<boolean> {
    const { rows } = await this.client.query<{ locked: boolean }>(
      `SELECT pg_try_advisory_lock(hashtextextended('millrace.outbox.${this.schema}', 0)) AS locked`,
    );
    if (!rows[0]?.locked) return false;
    for (;;) {
      const note = await this.client.query<{ wait_ms: number | null }>(
        `SELECT extract(epoch FROM publishing_since + $1 * interval '1 ms' - clock_timestamp())::float8 * 1000 AS wait_ms
         FROM outbox_relay`,
        [fenceMs],
      );
      const waitMs = note.rows[0]?.wait_ms ?? 0;
      if (cancelled()) return false;
      if (waitMs <= 0) break;
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, 200)));
      this.assertOpen();
    }
    this.leader = true;
    return true;
  }

  /** The oldest rows, in the order of their ids. */
  async next(limit: number): Promise<OutboxRow[]> {
    const { rows } = await this.client.query<StoredRow>(
      `SELECT id, topic, key, partition, value, headers FROM (
         SELECT *, sum(coalesce(octet_length(value), 0)) OVER (ORDER BY id) - coalesce(octet_length(value), 0) AS before
         FROM (SELECT * FROM outbox ORDER BY id LIMIT $1) AS oldest
       ) AS measured WHERE before < ${BATCH_BYTES} ORDER BY id`,
      [limit],
    );
    return rows.map((row) => ({
      id: row.id,
      message: {
        topic: row.topic,
        key: row.key,
        value: row.value,
        headers: row.headers,
        ...(row.partition === null ? {} : { partition: row.partition }),
      },
    }));
  }

  async markPublishing(): Promise<void> {
    await this.client.query('UPDATE outbox_relay SET publishing_since = clock_timestamp()');
  }

  /** After the acknowledgement: the rows go, the note goes, and the waiting processes hear of it. */
  async remove(ids: readonly string[]): Promise<void> {
    await this.client.query(
      `WITH gone AS (DELETE FROM outbox WHERE id = ANY($1::bigint[])),
            idle AS (UPDATE outbox_relay SET publishing_since = NULL)
       SELECT pg_notify($2, 'done')`,
      [ids, outboxChannel(this.schema)],
    );
  }

  async stateOf(tickets: readonly OutboxTicket[]): Promise<TicketState[]> {
    const { rows } = await this.client.query<{ status: string | null; left: boolean }>(
      `SELECT pg_xact_status(t.xid::xid8) AS status,
              EXISTS (SELECT 1 FROM outbox o WHERE o.id = ANY(t.ids::bigint[])) AS left
       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t(xid, ids, place) ORDER BY t.place`,
      [tickets.map((ticket) => ticket.xid), tickets.map((ticket) => `{${ticket.ids.join(',')}}`)],
    );
    return rows.map(({ status, left }) => {
      if (status === 'aborted') return 'aborted';
      return status === 'in progress' || left ? 'waiting' : 'published';
    });
  }

  async census(): Promise<{ rows: number; oldestSeconds: number }> {
    const { rows } = await this.client.query<{ rows: string; oldest: number | null }>(
      'SELECT count(*) AS rows, extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS oldest FROM outbox',
    );
    return { rows: Number(rows[0]?.rows ?? 0), oldestSeconds: Math.max(0, rows[0]?.oldest ?? 0) };
  }

  async close(): Promise<void> {
    this.leader = false;
    this.failure ??= new Error('The outbox session was closed.');
    await this.client.end().catch(() => {});
  }
}
