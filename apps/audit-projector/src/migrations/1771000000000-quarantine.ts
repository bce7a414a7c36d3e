import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What was done about records of the quarantine, one row for each action; the rejections themselves never change. The list
 * is read by time, of one tenant or of those whose tenant nobody knows.
 */
export class Quarantine1771000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE quarantine_actions (
      topic text COLLATE "C" NOT NULL,
      partition integer NOT NULL,
      record_offset bigint NOT NULL,
      of_offset bigint NOT NULL,
      day date NOT NULL,
      action text COLLATE "C" NOT NULL,
      acted_at bigint NOT NULL,
      acted_by text COLLATE "C" NOT NULL,
      corrected integer NOT NULL,
      reason bytea,
      PRIMARY KEY (topic, partition, of_offset, record_offset)
    )`);
    await runner.query('CREATE INDEX rejections_by_time ON rejections (tenant, rejected_at, topic, record_offset)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX rejections_by_time');
    await runner.query('DROP TABLE quarantine_actions');
  }
}
