import { type DeliveryTask, nextHop, type Outcome } from '@millrace/domain';
import type { AttemptFinished } from '@millrace/protocol';
import {
  deliveryAttempted,
  deliverySettled,
  destinationBlocked,
  type Logger,
  retryScheduled,
} from '@millrace/telemetry';

/** Metrics and log lines of an attempt that has ended. */
export const tellAttempt = (
  logger: Logger,
  task: DeliveryTask,
  fact: AttemptFinished,
  outcome: Outcome,
  timeScale: number,
): void => {
  const { deliveryId, tenant, endpointId, attempt, requestId, durationMs, error, traceId } = fact;
  const { eventId, eventType } = task;
  deliveryAttempted(logger, {
    tenant,
    deliveryId,
    eventId,
    eventType,
    endpointId,
    contract: task.contract.name,
    attempt,
    requestId,
    outcome: fact.outcome,
    durationMs,
    latencyMs: attempt === 1 ? Math.max(0, fact.startedAt - task.acceptedAt) : undefined,
    error,
    traceId,
  });
  if (outcome.kind === 'failure' && outcome.failure === 'blocked_destination')
    destinationBlocked(logger, { tenant, endpointId, stage: 'dispatch', detail: outcome.message });
  const { result } = fact;
  if (result.kind === 'retry') {
    const delayMs = result.nextAttemptAt - fact.at;
    const tier = nextHop(delayMs / timeScale)?.name ?? 'none';
    retryScheduled(logger, { deliveryId, endpointId, attempt, tier, delayMs, traceId });
  } else {
    const reason = result.kind === 'failed' ? result.reason : result.kind === 'expired' ? 'expired' : undefined;
    deliverySettled(logger, { tenant, deliveryId, endpointId, status: result.kind, reason, attempt, traceId });
  }
};
