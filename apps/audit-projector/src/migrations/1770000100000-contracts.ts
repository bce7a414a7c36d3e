import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What of the endpoint's options shows in a delivery's body, so that the body can be made again from the event; and the way to
 * the deliveries of one contract, for the APIs that see those alone. Nobody lists all of `standard` by its contract.
 */
export class Contracts1770000100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deliveries ADD COLUMN body_variant text COLLATE "C"');
    await runner.query(
      "CREATE INDEX deliveries_by_contract ON deliveries (tenant, contract, created_at, delivery_id) WHERE contract <> 'standard'",
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX deliveries_by_contract');
    await runner.query('ALTER TABLE deliveries DROP COLUMN body_variant');
  }
}
