import type { Logger } from '@millrace/telemetry';
import type { DynamicModule, FactoryProvider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { connectDatabase, type DatabaseSettings } from './database';
import { pendingMigrations, runMigrations } from './migrations';

export interface DatabaseModuleInput {
  readonly settings: DatabaseSettings;
  readonly logger: Logger;
  /** False where a job runs the migrations: then pending ones are an error. */
  readonly migrate: boolean;
}

/**
 * Provides TypeORM's DataSource and, by `TypeOrmModule.forFeature`, its repositories. Waits for the database, and runs
 * the migrations before anything is injected with it.
 */
export const databaseModule = (
  inject: FactoryProvider['inject'],
  useFactory: (...args: never[]) => DatabaseModuleInput,
): DynamicModule => {
  let input: DatabaseModuleInput;
  return TypeOrmModule.forRootAsync({
    inject: inject as never[],
    useFactory: (...args) => {
      input = useFactory(...(args as never[]));
      return { type: 'postgres', retryAttempts: 0 };
    },
    dataSourceFactory: async () => {
      const database = await connectDatabase(input.settings, input.logger);
      try {
        if (input.migrate) await runMigrations(database, input.logger);
        else if (await pendingMigrations(database)) throw new Error('The database lacks migrations of this version.');
        return database;
      } catch (error) {
        await database.destroy().catch(() => {});
        throw error;
      }
    },
  });
};
