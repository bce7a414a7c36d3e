import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What of the endpoint's options shows in a delivery's body, so that the body can be made again from the event; and the way to
 * the deliveries of one contract, for the APIs that see those alone. Nobody lists all of `standard` by its contract. What was
 * refused of an event is found by the event.
 */
export class Contracts1770000100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deliveries ADD COLUMN body_variant text COLLATE "C"');
    await runner.query(
      "CREATE INDEX deliveries_by_contract ON deliveries (tenant, contract, created_at, delivery_id) WHERE contract <> 'standard'",
    );
    await runner.query(
      'ALTER TABLE rejections ADD COLUMN tenant text COLLATE "C", ADD COLUMN event_key text COLLATE "C"',
    );
    await runner.query(
      'CREATE INDEX rejections_of_event ON rejections (tenant, event_key) WHERE event_key IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX rejections_of_event');
    await runner.query('ALTER TABLE rejections DROP COLUMN tenant, DROP COLUMN event_key');
    await runner.query('DROP INDEX deliveries_by_contract');
    await runner.query('ALTER TABLE deliveries DROP COLUMN body_variant');
  }
}
