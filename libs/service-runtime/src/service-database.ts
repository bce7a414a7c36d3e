import { randomBytes } from 'node:crypto';
import { openSecret, sealSecret } from '@millrace/domain';
import {
  DATABASE,
  type Database,
  type DatabaseSettings,
  databaseModule,
  IdempotencyStore,
  type IdempotentRequest,
  type ResponseSealing,
} from '@millrace/postgres';
import type { Logger } from '@millrace/telemetry';
import { type DynamicModule, Module } from '@nestjs/common';
import type { ServiceSettings } from './config/service.config';
import { ReadinessChecks } from './health/readiness-checks';
import { IDEMPOTENCY, LOGGER, SERVICE_SETTINGS } from './tokens';

export interface ServiceDatabaseOptions {
  readonly schema: string;
  readonly entities?: DatabaseSettings['entities'];
  /** In the order in which they run. */
  readonly migrations: NonNullable<DatabaseSettings['migrations']>;
  readonly poolSize?: number;
  /** True when the schema has the IDEMPOTENCY_TABLES: then Idempotency-Key works on every POST. Needs `secrets`. */
  readonly idempotency?: boolean;
}

@Module({})
class ServiceDatabaseModule {}

/**
 * The service's database for its app module (the service must declare the need `database`): connects, migrates or checks, adds a readiness check.
 * Stores inject `@Inject(DATABASE) database: Database`, or repositories of `TypeOrmModule.forFeature`.
 */
export const serviceDatabase = (options: ServiceDatabaseOptions): DynamicModule => {
  const database = databaseModule([SERVICE_SETTINGS, LOGGER], (settings: ServiceSettings, logger: Logger) => ({
    settings: {
      url: settings.databaseUrl,
      schema: options.schema,
      applicationName: `millrace-${options.schema}`,
      entities: options.entities,
      migrations: options.migrations,
      poolSize: options.poolSize,
    },
    logger,
    migrate: settings.migrations === 'run',
  }));
  const readiness = {
    provide: Symbol('database readiness'),
    inject: [DATABASE, ReadinessChecks],
    useFactory: (connected: Database, checks: ReadinessChecks) =>
      checks.add('database', async () => {
        await connected.query('SELECT 1');
      }),
  };
  const idempotency = {
    provide: IDEMPOTENCY,
    inject: [DATABASE, SERVICE_SETTINGS],
    useFactory: (connected: Database, settings: ServiceSettings) =>
      new IdempotencyStore(connected, sealingWith(settings.encryptionKey)),
  };
  return {
    module: ServiceDatabaseModule,
    imports: [database],
    providers: [readiness, ...(options.idempotency ? [idempotency] : [])],
    exports: [database, ...(options.idempotency ? [IDEMPOTENCY] : [])],
  };
};

/** Stored responses may hold a secret that is shown once: they are sealed like the secret itself. */
const sealingWith = (key: Buffer): ResponseSealing => {
  const binding = ({ tenant, route, key: secretId }: IdempotentRequest) => ({ tenant, owner: route, secretId });
  return {
    seal: (request, text) => sealSecret(key, randomBytes(12), binding(request), text),
    open: (request, sealed) => openSecret(key, binding(request), sealed),
  };
};
