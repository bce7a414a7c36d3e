import { IDEMPOTENCY_TABLES, OUTBOX_TABLES } from '@millrace/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables whose rows belong to one tenant each. */
const TENANT_TABLES = ['endpoint', 'api_key', 'event_type'];

/**
 * The tenant of a transaction is the setting `millrace.tenant`; without it no row is seen and none can be written. FORCE
 * makes that so for the owner of the tables as well; only a superuser is exempt.
 */
const tenantWall = (table: string): string[] => [
  `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
  `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
  `CREATE POLICY ${table}_of_tenant ON ${table} USING (tenant = current_setting('millrace.tenant', true))`,
];

export class Configuration1768500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `CREATE TABLE endpoint (
        tenant        text NOT NULL,
        id            text COLLATE "C" NOT NULL,
        version       integer NOT NULL,
        url           text NOT NULL,
        event_types   text[] NOT NULL,
        filter        json,
        contract      text NOT NULL,
        headers       json NOT NULL,
        status        text NOT NULL,
        status_reason text,
        timeout_ms    integer,
        description   text,
        secrets       json NOT NULL,
        created_at    timestamptz NOT NULL,
        updated_at    timestamptz NOT NULL,
        CONSTRAINT endpoint_pkey PRIMARY KEY (tenant, id)
      )`,
      `CREATE TABLE api_key (
        tenant     text NOT NULL,
        id         text COLLATE "C" NOT NULL,
        name       text NOT NULL,
        sha256     text NOT NULL,
        scopes     text[] NOT NULL,
        expires_at timestamptz,
        created_at timestamptz NOT NULL,
        CONSTRAINT api_key_pkey PRIMARY KEY (tenant, id),
        CONSTRAINT api_key_id_is_global UNIQUE (id)
      )`,
      `CREATE TABLE event_type (
        tenant      text NOT NULL,
        name        text COLLATE "C" NOT NULL,
        module      text NOT NULL,
        description text NOT NULL,
        schema      text,
        example     text,
        created_at  timestamptz NOT NULL,
        CONSTRAINT event_type_pkey PRIMARY KEY (tenant, name)
      )`,
      ...TENANT_TABLES.flatMap(tenantWall),
      ...OUTBOX_TABLES.up,
      ...IDEMPOTENCY_TABLES.up,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of [...IDEMPOTENCY_TABLES.down, ...OUTBOX_TABLES.down]) await runner.query(statement);
    for (const table of [...TENANT_TABLES].reverse()) await runner.query(`DROP TABLE ${table}`);
  }
}
