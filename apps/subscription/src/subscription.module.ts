import type { KafkaConnection } from '@millrace/kafka';
import { DATABASE, type Database } from '@millrace/postgres';
import type { TopicNames } from '@millrace/protocol';
import {
  ConfigurationRelay,
  KAFKA,
  LOGGER,
  OWN_SETTINGS,
  SERVICE_SETTINGS,
  type ServiceSettings,
  serviceDatabase,
  TOPICS,
} from '@millrace/service-runtime';
import type { Logger } from '@millrace/telemetry';
import { Module } from '@nestjs/common';
import { ApiKeysController } from './api-keys/api-keys.controller';
import { AuditLogController } from './audit-log/audit-log.controller';
import { EclipsController } from './compatible-apis/eclips.controller';
import { ConnectionsController } from './compatible-apis/eclipse/connections.controller';
import { ExportsController } from './compatible-apis/eclipse/exports.controller';
import { MesController } from './compatible-apis/mes.controller';
import { NentropyController } from './compatible-apis/nentropy.controller';
import { ProignController } from './compatible-apis/proign.controller';
import { ContractsController } from './contracts/contracts.controller';
import { EndpointConditions } from './endpoints/endpoint-conditions';
import { EndpointsController } from './endpoints/endpoints.controller';
import { EventTypesController } from './event-types/event-types.controller';
import { EndpointLifecycleConsumer } from './publication/endpoint-lifecycle.consumer';
import { RecoveryProgressConsumer } from './publication/recovery-progress.consumer';
import { RecoveriesController } from './recoveries/recoveries.controller';
import type { SubscriptionSettings } from './subscription.config';
import { SUBSCRIPTION_SCHEMA, SUBSCRIPTION_TABLES } from './subscription.database';
import { USE_CASES, type UseCases, useCases } from './subscription.use-cases';

const relay = {
  provide: ConfigurationRelay,
  inject: [KAFKA, TOPICS, SERVICE_SETTINGS, LOGGER],
  useFactory: (kafka: KafkaConnection, topics: TopicNames, settings: ServiceSettings, logger: Logger) =>
    new ConfigurationRelay(
      kafka,
      // whoever reads the order of a recovery finds its endpoint in Kafka, also when both were made together
      { databaseUrl: settings.databaseUrl, schema: SUBSCRIPTION_SCHEMA, later: [topics.recoveries] },
      logger,
    ),
};

/** Wait before a record of the delivery service is tried again, when PostgreSQL did not take it. */
const RETRY_MS = 1_000;

const conditions = {
  provide: EndpointConditions,
  inject: [KAFKA, TOPICS, LOGGER],
  useFactory: (kafka: KafkaConnection, topics: TopicNames, logger: Logger) =>
    new EndpointConditions(kafka, topics, logger),
};

const service = {
  provide: USE_CASES,
  inject: [DATABASE, ConfigurationRelay, EndpointConditions, TOPICS, SERVICE_SETTINGS, OWN_SETTINGS, LOGGER],
  useFactory: (
    database: Database,
    relay: ConfigurationRelay,
    conditions: EndpointConditions,
    topics: TopicNames,
    settings: ServiceSettings,
    own: SubscriptionSettings,
    logger: Logger,
  ) =>
    useCases({
      database,
      relay,
      topics,
      encryptionKey: settings.encryptionKey,
      destinations: { insecure: settings.insecureEndpoints, ownHosts: settings.ownHosts },
      timeScale: settings.timeScale,
      ...own,
      logger,
      conditionOf: (endpointId) => conditions.of(endpointId),
    }),
};

const lifecycle = {
  provide: EndpointLifecycleConsumer,
  inject: [KAFKA, USE_CASES, TOPICS, SERVICE_SETTINGS, LOGGER],
  useFactory: (
    kafka: KafkaConnection,
    service: UseCases,
    topics: TopicNames,
    settings: ServiceSettings,
    logger: Logger,
  ) =>
    new EndpointLifecycleConsumer(
      kafka,
      { topic: topics.endpointLifecycle, groupId: `${settings.topicPrefix}subscription`, retryMs: RETRY_MS },
      (fact) => service.disableEndpoint.handle(fact),
      logger,
    ),
};

const progress = {
  provide: RecoveryProgressConsumer,
  inject: [KAFKA, USE_CASES, TOPICS, SERVICE_SETTINGS, LOGGER],
  useFactory: (
    kafka: KafkaConnection,
    service: UseCases,
    topics: TopicNames,
    settings: ServiceSettings,
    logger: Logger,
  ) =>
    new RecoveryProgressConsumer(
      kafka,
      { topic: topics.recoveryProgress, groupId: `${settings.topicPrefix}subscription-recoveries`, retryMs: RETRY_MS },
      (told) => service.storeProgress.handle(told),
      logger,
    ),
};

@Module({
  imports: [serviceDatabase(SUBSCRIPTION_TABLES)],
  controllers: [
    EndpointsController,
    RecoveriesController,
    ApiKeysController,
    EventTypesController,
    ContractsController,
    AuditLogController,
    ConnectionsController,
    ExportsController,
    EclipsController,
    MesController,
    NentropyController,
    ProignController,
  ],
  providers: [relay, conditions, service, lifecycle, progress],
})
export class SubscriptionModule {}
