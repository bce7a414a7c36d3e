import type { KafkaConnection } from '@millrace/kafka';
import { DATABASE, type Database } from '@millrace/postgres';
import type { TopicNames } from '@millrace/protocol';
import {
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
import { EndpointsController } from './endpoints/endpoints.controller';
import { EventTypesController } from './event-types/event-types.controller';
import { ConfigurationRelay } from './publication/configuration-relay.publisher';
import { EndpointLifecycleConsumer } from './publication/endpoint-lifecycle.consumer';
import type { SubscriptionSettings } from './subscription.config';
import { SUBSCRIPTION_SCHEMA, SUBSCRIPTION_TABLES } from './subscription.database';
import { USE_CASES, type UseCases, useCases } from './subscription.use-cases';

const relay = {
  provide: ConfigurationRelay,
  inject: [KAFKA, SERVICE_SETTINGS, LOGGER],
  useFactory: (kafka: KafkaConnection, settings: ServiceSettings, logger: Logger) =>
    new ConfigurationRelay(kafka, { databaseUrl: settings.databaseUrl, schema: SUBSCRIPTION_SCHEMA }, logger),
};

const service = {
  provide: USE_CASES,
  inject: [DATABASE, ConfigurationRelay, TOPICS, SERVICE_SETTINGS, OWN_SETTINGS, LOGGER],
  useFactory: (
    database: Database,
    relay: ConfigurationRelay,
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
      { topics, groupId: `${settings.topicPrefix}subscription`, retryMs: 1_000 },
      (fact) => service.disableEndpoint.handle(fact),
      logger,
    ),
};

@Module({
  imports: [serviceDatabase(SUBSCRIPTION_TABLES)],
  controllers: [EndpointsController, ApiKeysController, EventTypesController],
  providers: [relay, service, lifecycle],
})
export class SubscriptionModule {}
