import { IDEMPOTENCY_TABLES } from '@millrace/postgres';

/**
 * What commands and kept order add. `behind`, like every member of the state, is never NULL, so that rows compare; the
 * subject is a producer's text and may hold anything, so it is kept as bytes. `idempotency` is no read model: it holds
 * the answers to commands for a day, and a rebuild begins without them.
 */
const word = 'text COLLATE "C"';

export const COMMANDS_AND_ORDER: readonly string[] = [
  `ALTER TABLE deliveries
    ADD COLUMN behind ${word} NOT NULL DEFAULT '',
    ADD COLUMN subject bytea,
    ADD COLUMN record_offset bigint,
    ADD COLUMN sequence bigint,
    ADD COLUMN previous_event_id ${word}`,
  'CREATE INDEX deliveries_by_subject ON deliveries (tenant, subject, created_at, delivery_id) WHERE subject IS NOT NULL',
  // The reason stays as it is on the way of a delivery that succeeds, so its updates keep off the indexes all the same.
  `CREATE INDEX deliveries_held ON deliveries (tenant, endpoint_id) WHERE reason = 'behind_key'`,
  `CREATE TABLE commands (
    tenant ${word} NOT NULL,
    delivery_id uuid NOT NULL,
    command_id ${word} NOT NULL,
    result ${word} NOT NULL,
    answered_at bigint NOT NULL,
    command ${word} NOT NULL,
    by ${word} NOT NULL,
    reason ${word} NOT NULL,
    PRIMARY KEY (delivery_id, tenant, command_id)
  )`,
  ...IDEMPOTENCY_TABLES.up,
];

export const WITHOUT_COMMANDS_AND_ORDER: readonly string[] = [
  ...IDEMPOTENCY_TABLES.down,
  'DROP TABLE commands',
  'DROP INDEX deliveries_held, deliveries_by_subject',
  `ALTER TABLE deliveries DROP COLUMN behind, DROP COLUMN subject, DROP COLUMN record_offset, DROP COLUMN sequence,
    DROP COLUMN previous_event_id`,
];
