import { tenantWall } from '@millrace/postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AuditLog1772000200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `CREATE TABLE audit_entry (
        tenant text NOT NULL,
        id     text COLLATE "C" NOT NULL,
        at     timestamptz NOT NULL,
        actor  text NOT NULL,
        action text NOT NULL,
        object text NOT NULL,
        detail text NOT NULL,
        CONSTRAINT audit_entry_pkey PRIMARY KEY (tenant, id)
      )`,
      ...tenantWall('audit_entry'),
      // what is on record stays as it is, whoever asks
      `CREATE FUNCTION audit_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'entries of the audit log are neither changed nor deleted'; END $$`,
      `CREATE TRIGGER audit_entry_is_kept BEFORE UPDATE OR DELETE ON audit_entry
        FOR EACH ROW EXECUTE FUNCTION audit_entry_is_kept()`,
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of ['DROP TABLE audit_entry', 'DROP FUNCTION audit_entry_is_kept()'])
      await runner.query(statement);
  }
}
