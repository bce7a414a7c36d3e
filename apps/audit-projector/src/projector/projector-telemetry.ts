import { type Logger, metrics } from '@millrace/telemetry';
import type { HistoryBatch } from './history-batch';

const projected = metrics.counter(
  'millrace_history_facts_projected_total',
  'Facts and events that became history rows.',
  [],
);
const refused = metrics.counter(
  'millrace_history_facts_refused_total',
  'Facts that could not be stored and were put aside.',
  [],
);
const failures = metrics.counter(
  'millrace_history_batch_failures_total',
  'Batches that PostgreSQL did not take; they are tried again.',
  [],
);
const seconds = metrics.histogram('millrace_history_batch_duration_seconds', 'Time to store one batch.', []);
const lag = metrics.gauge('millrace_history_lag_seconds', 'Age of the newest record of the last stored batch.', []);

/** `newest`: append time of the batch's last record, unix ms. */
export const batchProjected = (logger: Logger, batch: HistoryBatch, newest: number, durationMs: number): void => {
  projected.inc({}, batch.size);
  seconds.observe(durationMs / 1000);
  lag.set(Math.max(0, (Date.now() - newest) / 1000), {});
  if (batch.refusedFacts.length > 0) {
    refused.inc({}, batch.refusedFacts.length);
    const [{ topic, partition, offset, reason } = {}] = batch.refusedFacts.map((fact) => ({
      topic: fact.topic,
      partition: fact.partition,
      offset: String(fact.offset),
      reason: fact.reason,
    }));
    logger.warn({ facts: batch.refusedFacts.length, topic, partition, offset, reason }, 'facts put aside');
  }
  logger.debug({ facts: batch.size, durationMs: Math.round(durationMs) }, 'batch projected');
};

export const projectionFailed = (logger: Logger, error: unknown, records: number): void => {
  failures.inc({});
  logger.warn({ error, records }, 'batch not stored, trying again');
};
