import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SoleSources1772000300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE source ADD COLUMN claim text');
    // of the whole site: an index sees what the wall between tenants hides
    await runner.query('CREATE UNIQUE INDEX source_claim ON source (claim)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE source DROP COLUMN claim');
  }
}
