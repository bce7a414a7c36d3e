import { randomBytes } from 'node:crypto';
import type { EncryptionKey } from '@millrace/domain';
import { AuditLogStore, type Database, type OutboxRelay } from '@millrace/postgres';
import type { TopicNames } from '@millrace/protocol';
import { configurationWriters, PageCursors, Refused } from '@millrace/service-runtime';
import { destinationBlocked, type Logger } from '@millrace/telemetry';
import { checkDestination, type DestinationPolicy } from '@millrace/webhook-client';
import { ApiKeyStore, apiKeyTransaction } from './api-keys/api-key.store';
import { CreateApiKey } from './api-keys/create-api-key.handler';
import { RevokeApiKey } from './api-keys/revoke-api-key.handler';
import { AuditEntryEntity } from './audit-log/audit-entry.entity';
import { CompatibleEndpoints } from './compatible-apis/compatible-endpoints';
import { ConnectionStore } from './compatible-apis/eclipse/connection.store';
import { Connections } from './compatible-apis/eclipse/connections.handler';
import { CreateExport } from './compatible-apis/eclipse/exports.handler';
import { RunSecret } from './compatible-apis/run-secret.handler';
import { ChangeEndpoint } from './endpoints/change-endpoint.handler';
import { CreateEndpoint } from './endpoints/create-endpoint.handler';
import { DeleteEndpoint } from './endpoints/delete-endpoint.handler';
import { DisableEndpoint } from './endpoints/disable-endpoint.handler';
import { EndpointStore, endpointTransaction } from './endpoints/endpoint.store';
import type { EndpointCondition } from './endpoints/endpoint-condition';
import type { EndpointTools } from './endpoints/endpoints.ports';
import { RevealSecret } from './endpoints/reveal-secret.handler';
import { RotateSecret } from './endpoints/rotate-secret.handler';
import { TestEndpoint } from './endpoints/test-endpoint.handler';
import { EventTypeStore, eventTypeTransaction } from './event-types/event-type.store';
import { ChangeEventType, DescribeEventType, EventTypeCatalogue } from './event-types/event-types.handler';
import { RecoverEndpoint } from './recoveries/recover-endpoint.handler';
import { RecoveryStore, recoveryTransaction } from './recoveries/recovery.store';
import { RecoveryAnswers } from './recoveries/recovery-answers';
import { SteerRecovery } from './recoveries/steer-recovery.handler';
import { StoreProgress } from './recoveries/store-progress.handler';
import { SUBSCRIPTION_SCHEMA } from './subscription.database';

export interface UseCaseInput {
  readonly database: Database;
  readonly relay: Pick<OutboxRelay, 'waitPublished'>;
  readonly topics: TopicNames;
  readonly encryptionKey: EncryptionKey;
  readonly destinations: DestinationPolicy;
  readonly endpointsPerTenant: number;
  readonly acknowledgeWithinMs: number;
  readonly timeScale: number;
  readonly logger: Logger;
  /** What is known of an endpoint's health; null when it is up with nothing parked. */
  readonly conditionOf: (endpointId: string) => EndpointCondition | null;
  /** How long a call about a recovery waits for its progress, in ms; 5 s when absent. */
  readonly progressWithinMs?: number;
  /** Unix ms. */
  readonly now?: () => number;
}

const PROGRESS_WITHIN_MS = 5_000;

/** For injection: {@link UseCases}. */
export const USE_CASES = Symbol('UseCases');

export type UseCases = ReturnType<typeof useCases>;

/** Everything that the service can do, put together on one page. */
export const useCases = (input: UseCaseInput) => {
  const { database, topics, logger, conditionOf, now = Date.now } = input;
  const writer = configurationWriters({
    database,
    schema: SUBSCRIPTION_SCHEMA,
    relay: input.relay,
    encryptionKey: input.encryptionKey,
    random: randomBytes,
    acknowledgeWithinMs: input.acknowledgeWithinMs,
  });
  const tools: EndpointTools = {
    topics,
    encryptionKey: input.encryptionKey,
    random: randomBytes,
    now,
    endpointsPerTenant: input.endpointsPerTenant,
    timeScale: input.timeScale,
    logger,
    conditionOf,
    checkUrl: (url) => {
      const check = checkDestination(url, input.destinations);
      if (check.ok) return check.url;
      if (check.code === 'destination_not_allowed')
        destinationBlocked(logger, { stage: 'configuration', detail: check.detail });
      throw new Refused(check.code, check.detail, [{ path: 'url', detail: check.detail }]);
    },
  };
  const endpoints = writer(endpointTransaction);
  const apiKeys = writer(apiKeyTransaction);
  const keyTools = { topic: topics.apiKeys, random: randomBytes, now, logger };
  const eventTypes = new EventTypeStore(database);
  const endpointStore = new EndpointStore(database);
  const recoveryStore = new RecoveryStore(database);
  const recoveries = writer(recoveryTransaction);
  const recoveryAnswers = new RecoveryAnswers(
    recoveryStore,
    endpointStore,
    conditionOf,
    input.progressWithinMs ?? PROGRESS_WITHIN_MS,
  );
  const catalogue = new EventTypeCatalogue(eventTypes);
  const typeWriter = writer(eventTypeTransaction);
  const createEndpoint = new CreateEndpoint(endpoints, tools);
  return {
    endpoints: endpointStore,
    checkUrl: tools.checkUrl,
    conditionOf,
    createEndpoint,
    changeEndpoint: new ChangeEndpoint(endpoints, tools),
    deleteEndpoint: new DeleteEndpoint(endpoints, tools),
    rotateSecret: new RotateSecret(endpoints, tools),
    testEndpoint: new TestEndpoint(endpoints, tools, (tenant, type) => catalogue.exampleOf(tenant, type)),
    revealSecret: new RevealSecret(endpoints, tools),
    compatible: new CompatibleEndpoints(endpointStore, eventTypes),
    runSecret: new RunSecret(endpoints, tools),
    connections: new Connections(endpoints, tools),
    connectionReads: new ConnectionStore(database),
    createExport: new CreateExport(createEndpoint, tools),
    auditLog: new AuditLogStore(database, AuditEntryEntity),
    disableEndpoint: new DisableEndpoint(endpoints, tools, logger),
    recoveries: recoveryStore,
    recoveryAnswers,
    recoverEndpoint: new RecoverEndpoint(endpoints, tools, recoveryAnswers),
    steerRecovery: new SteerRecovery(recoveries, tools, recoveryAnswers),
    storeProgress: new StoreProgress(recoveries),
    apiKeys: new ApiKeyStore(database),
    createApiKey: new CreateApiKey(apiKeys, keyTools),
    revokeApiKey: new RevokeApiKey(apiKeys, keyTools),
    catalogue,
    describeEventType: new DescribeEventType(typeWriter, { topic: topics.eventRules, now }),
    changeEventType: new ChangeEventType(typeWriter, { topic: topics.eventRules, now }),
    cursors: new PageCursors(input.encryptionKey),
  };
};
