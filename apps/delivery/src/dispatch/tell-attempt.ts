import { type DeliveryTask, nextHop, type Outcome } from '@millrace/domain';
import type { AttemptFinished } from '@millrace/protocol';
import {
  type ActiveSpan,
  deliveryAttempted,
  deliverySettled,
  destinationBlocked,
  type Logger,
  parseTraceparent,
  retryScheduled,
  startSpan,
} from '@millrace/telemetry';

/** The first attempt belongs to the trace of its event; a retry, hours later, is a trace of its own with a link to it. */
export const startAttemptSpan = (task: DeliveryTask, traceparent: string): ActiveSpan => {
  const origin = parseTraceparent(traceparent);
  return startSpan('deliver webhook', {
    kind: 'client',
    parent: task.attempt === 1 ? origin : null,
    links: task.attempt > 1 && origin ? [origin] : [],
    attributes: {
      'webhook.tenant.id': task.tenant,
      'webhook.event.id': task.eventId,
      'webhook.delivery.id': task.deliveryId,
      'webhook.endpoint.id': task.endpointId,
      'webhook.attempt.number': task.attempt,
      'http.request.method': 'POST',
    },
  });
};

export const endAttemptSpan = (span: ActiveSpan, { outcome, result }: AttemptFinished): void => {
  const attributes = { 'webhook.outcome': outcome };
  span.end(result.kind === 'succeeded' ? { attributes } : { error: outcome, attributes });
};

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
