import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Order, rate and retries of an endpoint, and since when and through whom it has its status. The defaults let processes of
 * the release before go on making endpoints while it is replaced.
 */
export class EndpointSettings1769100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const statements = [
      `ALTER TABLE endpoint
        ADD COLUMN ordering     text NOT NULL DEFAULT 'none',
        ADD COLUMN rate_limit   json,
        ADD COLUMN retry        json,
        ADD COLUMN status_since timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN status_by    text`,
      // the wall of the tenants hides all rows from a migration, unless the owner of the table is let through
      'ALTER TABLE endpoint NO FORCE ROW LEVEL SECURITY',
      `UPDATE endpoint SET
        status_since = CASE status WHEN 'active' THEN created_at ELSE updated_at END,
        status_by    = CASE status WHEN 'disabled' THEN 'millrace' END`,
      'ALTER TABLE endpoint FORCE ROW LEVEL SECURITY',
    ];
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE endpoint
        DROP COLUMN ordering,
        DROP COLUMN rate_limit,
        DROP COLUMN retry,
        DROP COLUMN status_since,
        DROP COLUMN status_by`,
    );
  }
}
