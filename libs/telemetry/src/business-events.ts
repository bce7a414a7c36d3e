import type { Logger } from './logging/logger';
import { metrics } from './metrics/metric-registry';

/**
 * One function for each thing that happens to the business: the counter and the one wide log line of it cannot drift
 * apart. Ids go into the line, never into a label.
 */

const accepted = metrics.counter('webhook_events_accepted_total', 'Events that Kafka has acknowledged.', [
  'module',
  'origin',
]);
export interface EventAccepted {
  readonly tenant: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly module: string;
  /** `http`, `signal`: where it entered. */
  readonly origin: string;
  readonly traceId: string;
}
export const eventAccepted = (logger: Logger, event: EventAccepted): void => {
  accepted.inc({ module: event.module, origin: event.origin });
  logger.debug(event, 'event accepted');
};

const rejected = metrics.counter('webhook_events_rejected_total', 'Records that went to quarantine.', [
  'origin',
  'code',
]);
export interface EventRejected {
  /** Topic or `http`. */
  readonly origin: string;
  /** Stable code of the reason. */
  readonly code: string;
  readonly detail: string;
  readonly partition?: number;
  readonly offset?: string;
  readonly traceId?: string;
}
export const eventRejected = (logger: Logger, event: EventRejected): void => {
  rejected.inc({ origin: event.origin, code: event.code });
  logger.warn(event, 'event rejected');
};

const unfit = metrics.counter(
  'webhook_events_unfit_total',
  'Events whose data does not fit the schema of their type, where the type is validated.',
  ['validation'],
);
export interface EventUnfit {
  readonly tenant: string;
  readonly eventId: string;
  readonly eventType: string;
  /** `warn`: delivered all the same · `reject`: in the quarantine. */
  readonly validation: 'warn' | 'reject';
  /** Of the schema. */
  readonly version: number;
  /** Where in the data, and what is wrong there. */
  readonly path: string;
  readonly detail: string;
  readonly traceId: string;
}
export const eventUnfit = (logger: Logger, event: EventUnfit): void => {
  unfit.inc({ validation: event.validation });
  logger.warn(event, 'event does not fit the schema of its type');
};

const signals = metrics.counter('millrace_signals_accepted_total', 'Raw signals that were stored.', ['kind']);
export const signalsAccepted = (logger: Logger, taken: { kind: string; count: number; traceId?: string }): void => {
  signals.inc({ kind: taken.kind }, taken.count);
  logger.debug(taken, 'signals accepted');
};

const failedRules = metrics.counter(
  'millrace_rules_failed_total',
  'Times that a rule of a mapping could not be applied.',
  ['kind'],
);
export interface RuleFailed {
  readonly tenant: string;
  readonly machine: string;
  readonly rule: string;
  readonly kind: string;
  /** On a `signal`, as `time` went by, or on a `timer` of its own. */
  readonly on: string;
  /** Of the signal. */
  readonly path: string | null;
  readonly partition: number;
  readonly offset: string;
  readonly error: unknown;
}
/** @param isNew the first of this rule and way; of a rule that fails at each signal the rest is for who looks closely */
export const ruleFailed = (logger: Logger, failed: RuleFailed, isNew: boolean): void => {
  failedRules.inc({ kind: failed.kind });
  logger[isNew ? 'error' : 'debug'](failed, 'rule failed, the others went on');
};

const created = metrics.counter('webhook_deliveries_created_total', 'Deliveries that fan-out made.', ['contract']);
export interface DeliveryCreatedEvent {
  readonly tenant: string;
  readonly deliveryId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly endpointId: string;
  readonly contract: string;
  readonly traceId: string;
}
export const deliveryCreated = (logger: Logger, delivery: DeliveryCreatedEvent): void => {
  created.inc({ contract: delivery.contract });
  logger.debug(delivery, 'delivery created');
};

const attempts = metrics.counter('webhook_attempts_total', 'HTTP requests to receivers, by outcome class.', [
  'outcome',
  'attempt',
]);
const attemptSeconds = metrics.histogram('webhook_attempt_duration_seconds', 'Duration of a request to a receiver.', [
  'outcome',
]);
const firstAttemptSeconds = metrics.histogram(
  'webhook_first_attempt_latency_seconds',
  'From the acceptance of an event to the start of its first attempt.',
  [],
  [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
);
export interface DeliveryAttempted {
  readonly tenant: string;
  readonly deliveryId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly endpointId: string;
  readonly contract: string;
  readonly attempt: number;
  readonly requestId: string;
  /** See outcomeName: `success`, `http_503`, `timeout`, … */
  readonly outcome: string;
  readonly durationMs: number;
  /** Acceptance of the event to the start of this attempt; given for first attempts. */
  readonly latencyMs?: number;
  readonly error?: string | null;
  readonly traceId: string;
}
const attemptBucket = (attempt: number): string => (attempt === 1 ? '1' : attempt <= 3 ? '2-3' : '4+');
/** `http_503` → `5xx`: the label has few values, the log line has the status. */
const outcomeClass = (outcome: string): string => {
  const status = /^http_([1-9])\d\d$/.exec(outcome);
  return status ? `${status[1]}xx` : outcome;
};
export const deliveryAttempted = (logger: Logger, attempt: DeliveryAttempted): void => {
  const outcome = outcomeClass(attempt.outcome);
  attempts.inc({ outcome, attempt: attemptBucket(attempt.attempt) });
  attemptSeconds.observe(attempt.durationMs / 1000, { outcome });
  if (attempt.latencyMs !== undefined && attempt.attempt === 1) firstAttemptSeconds.observe(attempt.latencyMs / 1000);
  if (outcome === 'success') logger.debug(attempt, 'delivery attempted');
  else logger.info(attempt, 'delivery attempted');
};

const settled = metrics.counter('webhook_deliveries_settled_total', 'Deliveries that reached an end.', [
  'status',
  'reason',
]);
export interface DeliverySettled {
  readonly tenant: string;
  readonly deliveryId: string;
  readonly endpointId: string;
  readonly status: 'succeeded' | 'failed' | 'cancelled' | 'expired';
  /** Stable reason of an end without success; absent for `succeeded`. */
  readonly reason?: string;
  readonly attempt: number;
  readonly traceId?: string;
}
export const deliverySettled = (logger: Logger, delivery: DeliverySettled): void => {
  settled.inc({ status: delivery.status, reason: delivery.reason ?? 'none' });
  if (delivery.status === 'succeeded') logger.debug(delivery, 'delivery settled');
  else logger.info(delivery, 'delivery settled');
};

const retries = metrics.counter('webhook_retries_scheduled_total', 'Retries that were scheduled, by first tier.', [
  'tier',
]);
export interface RetryScheduled {
  readonly deliveryId: string;
  readonly endpointId: string;
  readonly attempt: number;
  readonly tier: string;
  readonly delayMs: number;
  readonly traceId?: string;
}
export const retryScheduled = (logger: Logger, retry: RetryScheduled): void => {
  retries.inc({ tier: retry.tier });
  logger.debug(retry, 'retry scheduled');
};

const parked = metrics.counter('webhook_deliveries_parked_total', 'Deliveries that began to wait for their endpoint.', [
  'reason',
]);
export interface DeliveryParkedEvent {
  readonly deliveryId: string;
  readonly endpointId: string;
  readonly reason: string;
  readonly traceId?: string;
}
export const deliveryParked = (logger: Logger, delivery: DeliveryParkedEvent): void => {
  parked.inc({ reason: delivery.reason });
  logger.debug(delivery, 'delivery parked');
};

const healthChanges = metrics.counter(
  'webhook_endpoint_health_changes_total',
  'Endpoints that went down, came back, or came near to being disabled.',
  ['change'],
);
export interface EndpointHealthChanged {
  readonly tenant: string;
  readonly endpointId: string;
  readonly change: string;
}
export const endpointHealthChanged = (logger: Logger, change: EndpointHealthChanged): void => {
  healthChanges.inc({ change: change.change });
  logger.info(change, 'endpoint health changed');
};

const commandsHandled = metrics.counter('webhook_commands_total', 'Commands carried out or refused.', [
  'command',
  'result',
]);
export interface CommandHandled {
  readonly deliveryId: string;
  readonly command: string;
  /** Id of the API key that asked. */
  readonly by: string;
  /** `done`, or why it was refused. */
  readonly result: string;
}
export const commandHandled = (logger: Logger, handled: CommandHandled): void => {
  commandsHandled.inc({ command: handled.command, result: handled.result });
  logger.info(handled, 'command handled');
};

const endpointChanges = metrics.counter('webhook_endpoint_changes_total', 'Changes of endpoints.', ['change']);
export interface EndpointChanged {
  readonly tenant: string;
  readonly endpointId: string;
  readonly change: 'created' | 'updated' | 'paused' | 'activated' | 'disabled' | 'deleted' | 'secret_rotated';
  readonly version?: number;
  /** Who: an API key's id, or `engine`. */
  readonly actor: string;
  readonly traceId?: string;
}
export const endpointChanged = (logger: Logger, change: EndpointChanged): void => {
  endpointChanges.inc({ change: change.change });
  logger.info(change, 'endpoint changed');
};

const sourceChanges = metrics.counter('millrace_source_changes_total', 'Sources made, changed and deleted.', [
  'change',
]);
export interface SourceChanged {
  readonly tenant: string;
  readonly source: string;
  readonly type: string;
  readonly change: 'created' | 'updated' | 'deleted';
  readonly version: number;
  readonly actor: string;
}
export const sourceChanged = (logger: Logger, change: SourceChanged): void => {
  sourceChanges.inc({ change: change.change });
  logger.info(change, 'source changed');
};

const mappingChanges = metrics.counter('millrace_mapping_changes_total', 'Mappings put in force and taken out.', [
  'change',
]);
export interface MappingChanged {
  readonly tenant: string;
  readonly mapping: string;
  readonly version: number;
  readonly change: 'activated' | 'deleted';
  readonly actor: string;
}
export const mappingChanged = (logger: Logger, change: MappingChanged): void => {
  mappingChanges.inc({ change: change.change });
  logger.info(change, 'mapping changed');
};

const machineRemovals = metrics.counter('millrace_machines_removed_total', 'Machines that somebody removed.');
export interface MachineRemoved {
  readonly tenant: string;
  readonly machine: string;
  readonly actor: string;
}
export const machineRemoved = (logger: Logger, removal: MachineRemoved): void => {
  machineRemovals.inc();
  logger.info(removal, 'machine removed');
};

const reveals = metrics.counter('millrace_secrets_revealed_total', 'Secrets that were shown again.');
export interface SecretRevealed {
  readonly tenant: string;
  readonly endpointId: string;
  readonly actor: string;
}
export const secretRevealed = (logger: Logger, reveal: SecretRevealed): void => {
  reveals.inc();
  logger.warn(reveal, 'secret revealed');
};

const keyChanges = metrics.counter('millrace_api_key_changes_total', 'API keys made and revoked.', ['change']);
export interface ApiKeyChanged {
  readonly tenant: string;
  readonly keyId: string;
  readonly change: 'created' | 'revoked';
  readonly actor: string;
}
export const apiKeyChanged = (logger: Logger, change: ApiKeyChanged): void => {
  keyChanges.inc({ change: change.change });
  logger.info(change, 'api key changed');
};

const blocked = metrics.counter('webhook_ssrf_blocked_total', 'Requests that the address guard refused.', ['stage']);
export interface DestinationBlocked {
  readonly tenant?: string;
  readonly endpointId?: string;
  /** `create`, `dispatch`. */
  readonly stage: string;
  /** For the operator's eyes only: never part of an answer to a tenant. */
  readonly detail: string;
}
export const destinationBlocked = (logger: Logger, block: DestinationBlocked): void => {
  blocked.inc({ stage: block.stage });
  logger.warn(block, 'destination blocked');
};

const authFailures = metrics.counter('millrace_auth_failures_total', 'Requests without a usable API key.', ['reason']);
export interface AuthenticationFailed {
  readonly reason: 'missing' | 'malformed' | 'unknown' | 'wrong_secret' | 'expired' | 'scope';
  readonly keyId?: string;
  readonly method: string;
  readonly route: string;
  readonly traceId?: string;
}
export const authenticationFailed = (logger: Logger, failure: AuthenticationFailed): void => {
  authFailures.inc({ reason: failure.reason });
  logger.info(failure, 'authentication failed');
};
