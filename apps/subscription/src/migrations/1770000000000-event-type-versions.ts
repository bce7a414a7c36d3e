import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables whose rows belong to one tenant each. */
const TENANT_TABLES = ['event_type_version', 'event_validation'];

/** Versions of event types, and what is done with events that do not fit; what is there becomes version 1. */
export class EventTypeVersions1770000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      'ALTER TABLE event_type ADD COLUMN version integer NOT NULL DEFAULT 1',
      `CREATE TABLE event_type_version (
        tenant     text NOT NULL,
        name       text COLLATE "C" NOT NULL,
        version    integer NOT NULL,
        schema     text,
        breaking   boolean NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT event_type_version_pkey PRIMARY KEY (tenant, name, version)
      )`,
      `CREATE TABLE event_validation (
        tenant     text NOT NULL,
        name       text COLLATE "C" NOT NULL,
        validation text NOT NULL,
        CONSTRAINT event_validation_pkey PRIMARY KEY (tenant, name)
      )`,
      // the wall of the tenants hides all rows from a migration, unless the owner of the table is let through
      'ALTER TABLE event_type NO FORCE ROW LEVEL SECURITY',
      `INSERT INTO event_type_version (tenant, name, version, schema, breaking, created_at)
       SELECT tenant, name, 1, schema, false, created_at FROM event_type`,
      'ALTER TABLE event_type FORCE ROW LEVEL SECURITY',
      ...TENANT_TABLES.flatMap((table) => [
        `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
        `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
        `CREATE POLICY ${table}_of_tenant ON ${table} USING (tenant = current_setting('millrace.tenant', true))`,
      ]),
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...TENANT_TABLES].reverse()) await runner.query(`DROP TABLE ${table}`);
    await runner.query('ALTER TABLE event_type DROP COLUMN version');
  }
}
