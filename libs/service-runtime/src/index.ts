export { auditEntry, viewOfAuditEntry } from './audit-log/audit-entry';
export { auditLogPage } from './audit-log/audit-log-page';
export {
  ACCESS,
  type Access,
  CurrentPrincipal,
  CurrentTenant,
  Public,
  RequireScope,
  ScopeRefusal,
} from './auth/access';
export { apiKeyId, generateApiKey, hashApiKey, readScopes } from './auth/api-key';
export {
  ApiKeyDirectory,
  type ApiKeyDirectoryOptions,
  type ApiPrincipal,
  type Authentication,
  SITE_KEY_ID,
} from './auth/api-key-directory';
export { bootService, TopicsMissing } from './boot-service';
export {
  decimal,
  type EnvironmentSpec,
  type EnvironmentVariable,
  list,
  oneOf,
  readEnvironment,
  variable,
  WrongSettings,
  whole,
} from './config/environment';
export { type Need, readServiceSettings, type ServiceSettings } from './config/service.config';
export { acknowledgeWithinMs } from './configuration/acknowledge-within';
export { ConfigurationRelay, type ConfigurationRelaySettings } from './configuration/configuration-relay.publisher';
export type { ConfigurationWriter, Write, WriteRequest } from './configuration/configuration-write';
export { configurationWriters } from './configuration/configuration-writers';
export { LateDatabase, type LateDatabaseOptions } from './configuration/late-database';
export { Refused } from './configuration/refused';
export { isSortableId, sortableId } from './configuration/sortable-id';
export { changeOf, writeOf } from './configuration/write-request';
export { type ReadinessCheck, ReadinessChecks } from './health/readiness-checks';
export { ApiProblem, notFound, type ProblemExtras, unavailable } from './http/api-problem';
export {
  BodyLimit,
  ContentTypes,
  CurrentTrace,
  IdempotencyKey,
  JsonBody,
  OptionalJsonBody,
  ParsedQuery,
  RawBody,
  setBodyTerms,
} from './http/body-decorators';
export { JSON_DEPTH, jsonDepthWithin, readJson, readUtf8 } from './http/json';
export { parseBody, parseQuery } from './http/parse';
export { DEFAULT_BODY_LIMIT } from './http/read-body';
export { CurrentIdempotency } from './idempotency/idempotency.interceptor';
export { IdempotencyScope } from './idempotency/idempotency-scope';
export { pageOf } from './paging/page';
export { PageCursors } from './paging/page-cursor';
export { type ServiceDatabaseOptions, serviceDatabase } from './service-database';
export type { RunningService, ServiceContext, ServiceDefinition } from './service-definition';
export { startService } from './start-service';
export { API_KEYS, IDEMPOTENCY, KAFKA, LOGGER, OWN_SETTINGS, SERVICE_SETTINGS, TOPICS } from './tokens';
export { KafkaTransport } from './workers/kafka-transport';
export { type KafkaWorker, WORKER_STAGES, Worker, type WorkerStage } from './workers/worker';
export { WorkerRegistry } from './workers/worker-registry';
