import type { MigrationInterface, QueryRunner } from 'typeorm';
import { COMMANDS_AND_ORDER, WITHOUT_COMMANDS_AND_ORDER } from './commands-and-order';

export class CommandsAndOrder1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of COMMANDS_AND_ORDER) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of WITHOUT_COMMANDS_AND_ORDER) await runner.query(statement);
  }
}
