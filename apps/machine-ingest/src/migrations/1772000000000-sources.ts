import { IDEMPOTENCY_TABLES, OUTBOX_TABLES, tenantWall } from '@millrace/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Sources1772000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `CREATE TABLE source (
        tenant     text NOT NULL,
        name       text COLLATE "C" NOT NULL,
        type       text NOT NULL,
        enabled    boolean NOT NULL,
        version    integer NOT NULL,
        settings   text NOT NULL,
        tried      boolean NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT source_pkey PRIMARY KEY (tenant, name)
      )`,
      ...tenantWall('source'),
      ...OUTBOX_TABLES.up,
      ...IDEMPOTENCY_TABLES.up,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of [...IDEMPOTENCY_TABLES.down, ...OUTBOX_TABLES.down, 'DROP TABLE source'])
      await runner.query(statement);
  }
}
