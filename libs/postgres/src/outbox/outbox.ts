import type { OutgoingMessage } from '@millrace/protocol';
import type { Transaction } from '../database/database';

/**
 * The tables of the outbox, for a service's own migration:
 * `for (const statement of OUTBOX_TABLES.up) await runner.query(statement)`.
 */
export const OUTBOX_TABLES = {
  up: [
    `CREATE TABLE outbox (
      id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
      topic      text NOT NULL,
      key        text,
      partition  integer,
      value      bytea,
      headers    jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`,
    // one row: whether a relay is between its publish and its delete, see OutboxRelay
    `CREATE TABLE outbox_relay (
      singleton        boolean PRIMARY KEY DEFAULT true CHECK (singleton),
      publishing_since timestamptz
    )`,
    'INSERT INTO outbox_relay DEFAULT VALUES',
  ],
  down: ['DROP TABLE outbox_relay', 'DROP TABLE outbox'],
} as const;

/** What was put into the outbox by one call, to wait for. */
export interface OutboxTicket {
  readonly ids: readonly string[];
  /** Of the transaction that wrote the rows. */
  readonly xid: string;
}

/** Bytes of one message; the topics take twice that, and one record that the broker refuses would stop all others. */
export const OUTBOX_VALUE_LIMIT = 1024 * 1024;

const LOCK_CLASS = 0x6f757462;
const LOCK_BUCKETS = 1024;

/**
 * Messages written in the same transaction as the change that they tell. An OutboxRelay publishes them.
 *
 * Order: messages of one key leave in the order of their transactions' commits. Sequence order is not commit order, so a
 * writer takes a lock on its keys (held to the end of the transaction) before it draws its ids: a second writer of a key
 * draws higher ids, and only after the first has committed. Nothing else waits: a transaction that stays open, here or
 * in another schema, holds back no other key. The locks are counted out over 1,024 buckets, so that a transaction of many
 * keys cannot exhaust the server's lock table.
 */
export class Outbox {
  constructor(private readonly schema: string) {}

  async add(tx: Transaction, messages: readonly OutgoingMessage[]): Promise<OutboxTicket> {
    for (const { topic, value } of messages) {
      if (value !== null && value.length > OUTBOX_VALUE_LIMIT) {
        throw new RangeError(
          `A message for ${topic} has ${value.length} bytes; the outbox takes ${OUTBOX_VALUE_LIMIT}.`,
        );
      }
    }
    const keys = messages.flatMap(({ topic, key }) => (key === null ? [] : [`${topic}\n${key}`]));
    if (keys.length > 0) {
      // in ascending order, so that two writers of the same keys cannot deadlock
      await tx.query(
        `SELECT pg_advisory_xact_lock($1, bucket) FROM (
           SELECT DISTINCT hashtext(k) & ${LOCK_BUCKETS - 1} AS bucket FROM unnest($2::text[]) AS k ORDER BY bucket
         ) AS buckets`,
        [LOCK_CLASS, keys],
      );
    }
    const rows = (await tx.query(
      `INSERT INTO outbox (topic, key, partition, value, headers)
       SELECT m.topic, m.key, m.partition, decode(m.value, 'base64'), m.headers::jsonb
       FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[])
         WITH ORDINALITY AS m(topic, key, partition, value, headers, place)
       ORDER BY m.place
       RETURNING id, xid::text AS xid`,
      [
        messages.map((message) => message.topic),
        messages.map((message) => message.key),
        messages.map((message) => message.partition ?? null),
        messages.map((message) => message.value?.toString('base64') ?? null),
        messages.map((message) => JSON.stringify(message.headers)),
      ],
    )) as Array<{ id: string; xid: string }>;
    await tx.query('SELECT pg_notify($1, $2)', [outboxChannel(this.schema), 'new']);
    return { ids: rows.map((row) => row.id), xid: rows[0]?.xid ?? '0' };
  }
}

export const outboxChannel = (schema: string): string => `millrace_outbox_${schema}`;
