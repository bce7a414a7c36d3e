import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The wall of the tenants, as for every table of theirs. */
const behindTheWall = (table: string): string[] => [
  `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
  `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
  `CREATE POLICY ${table}_of_tenant ON ${table} USING (tenant = current_setting('millrace.tenant', true))`,
];

/**
 * What the APIs of the five systems need beside endpoints: Eclipse's connections, the endpoint that stands for run URLs, and the
 * record of who saw a secret.
 */
export class CompatibleApis1770000300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `ALTER TABLE endpoint
        ADD COLUMN run_urls boolean NOT NULL DEFAULT false,
        ADD COLUMN connection_id text COLLATE "C"`,
      'CREATE INDEX endpoint_of_connection ON endpoint (tenant, connection_id) WHERE connection_id IS NOT NULL',
      `CREATE TABLE connection (
        tenant     text NOT NULL,
        id         text COLLATE "C" NOT NULL,
        name       text NOT NULL,
        base_url   text NOT NULL,
        token      text,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT connection_pkey PRIMARY KEY (tenant, id)
      )`,
      ...behindTheWall('connection'),
      `CREATE TABLE audit_entry (
        tenant text NOT NULL,
        id     text COLLATE "C" NOT NULL,
        at     timestamptz NOT NULL,
        actor  text NOT NULL,
        action text NOT NULL,
        object text NOT NULL,
        CONSTRAINT audit_entry_pkey PRIMARY KEY (tenant, id)
      )`,
      ...behindTheWall('audit_entry'),
      // what is on record stays as it is, whoever asks
      `CREATE FUNCTION audit_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'entries of the audit log are neither changed nor deleted'; END $$`,
      `CREATE TRIGGER audit_entry_is_kept BEFORE UPDATE OR DELETE ON audit_entry
        FOR EACH ROW EXECUTE FUNCTION audit_entry_is_kept()`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    const statements = [
      'DROP TABLE audit_entry',
      'DROP FUNCTION audit_entry_is_kept()',
      'DROP TABLE connection',
      'ALTER TABLE endpoint DROP COLUMN run_urls, DROP COLUMN connection_id',
    ];
    for (const statement of statements) await runner.query(statement);
  }
}
