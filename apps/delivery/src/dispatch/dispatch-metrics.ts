import type { AttemptFinished } from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';

const attempts = metrics.counter('webhook_attempts_total', 'Finished attempts by outcome class', ['outcome']);
const duration = metrics.histogram('webhook_attempt_duration_seconds', 'Duration of attempts', ['outcome']);
const repeats = metrics.counter(
  'webhook_repeats_dropped_total',
  'Records recognised as repeats of a task already taken up',
  [],
);
const inFlight = metrics.gauge('webhook_inflight', 'Requests in flight', []);
const queued = metrics.gauge('webhook_queued', 'Deliveries waiting in lanes', []);

/** `2xx`, `5xx`, … or the failure's class: few label values, whatever receivers answer. */
const outcomeClass = (fact: AttemptFinished): string =>
  fact.response
    ? fact.response.status >= 100 && fact.response.status < 600
      ? `${Math.floor(fact.response.status / 100)}xx`
      : 'other'
    : fact.outcome;

/** One function for each business event of dispatch: the counter and the log line cannot drift apart. */
export const dispatchMetrics = {
  attempted(logger: Logger, fact: AttemptFinished): void {
    const outcome = outcomeClass(fact);
    attempts.inc({ outcome });
    duration.observe({ outcome }, fact.durationMs / 1000);
    const fields = {
      deliveryId: fact.deliveryId,
      endpointId: fact.endpointId,
      tenant: fact.tenant,
      attempt: fact.attempt,
      outcome: fact.outcome,
      result: fact.result.kind,
      durationMs: fact.durationMs,
      traceId: fact.traceId,
    };
    if (fact.result.kind === 'succeeded') logger.debug(fields, 'delivery attempted');
    else logger.info(fields, 'delivery attempted');
  },
  repeats: () => repeats.inc({}),
  inFlight: (read: () => number) => inFlight.read(read),
  queued: (read: () => number) => queued.read(read),
};
