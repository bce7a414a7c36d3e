import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an endpoint chooses beyond its contract; the default lets processes of the release before go on making endpoints. */
export class EndpointOptions1770000200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE endpoint ADD COLUMN options json NOT NULL DEFAULT '{}'");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE endpoint DROP COLUMN options');
  }
}
