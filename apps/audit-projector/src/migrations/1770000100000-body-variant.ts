import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What of the endpoint's options shows in a delivery's body, so that the body can be made again from the event. */
export class BodyVariant1770000100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deliveries ADD COLUMN body_variant text COLLATE "C"');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deliveries DROP COLUMN body_variant');
  }
}
