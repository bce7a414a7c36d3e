import type { MigrationInterface, QueryRunner } from 'typeorm';
import { HISTORY_TABLES } from './history-tables';

export class HistoryTables1763700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of HISTORY_TABLES) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE refused_facts, rejections, attempts, deliveries, events, checkpoint');
  }
}
