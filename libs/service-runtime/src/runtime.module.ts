import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { ApiKeyGuard } from './auth/api-key.guard';
import { HealthController } from './health/health.controller';
import { ReadinessChecks } from './health/readiness-checks';
import { BodyInterceptor } from './http/body.interceptor';
import { ProblemFilter } from './http/problem.filter';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor';
import { ServiceState } from './lifecycle/service-state';
import type { ServiceContext } from './service-definition';
import { API_KEYS, KAFKA, LOGGER, OWN_SETTINGS, SERVICE_SETTINGS, TOPICS } from './tokens';
import { WorkerRegistry } from './workers/worker-registry';

/** Global, because it is what the process itself is made of: settings, logger, connection, guards. */
@Module({})
export class RuntimeModule {
  static around(
    context: ServiceContext<object>,
    state: ServiceState,
    appModule: DynamicModule['imports'],
  ): DynamicModule {
    const values = [
      { provide: SERVICE_SETTINGS, useValue: context.settings },
      { provide: OWN_SETTINGS, useValue: context.own },
      { provide: LOGGER, useValue: context.logger },
      { provide: KAFKA, useValue: context.kafka },
      { provide: TOPICS, useValue: context.topics },
      { provide: API_KEYS, useValue: context.apiKeys },
      { provide: WorkerRegistry, useValue: context.workers },
      { provide: ReadinessChecks, useValue: context.readiness },
      { provide: ServiceState, useValue: state },
    ];
    const requestChain = [
      { provide: APP_FILTER, useClass: ProblemFilter },
      { provide: APP_GUARD, useClass: ApiKeyGuard },
      { provide: APP_INTERCEPTOR, useClass: BodyInterceptor },
      { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    ];
    return {
      module: RuntimeModule,
      global: true,
      imports: [DiscoveryModule, ...(appModule ?? [])],
      controllers: [HealthController],
      providers: [...values, ...requestChain],
      exports: values.map(({ provide }) => provide),
    };
  }
}
