import type { AttemptView } from '@millrace/protocol';
import type { AttemptDetail } from '../projections/attempts/attempt.projection';
import { timeText } from './delivery-view';
import type { StoredAttempt } from './history-reader.store';
import type { RequestBody } from './request-body';

const announced = (row: StoredAttempt): number => Number(row.announced_at ?? row.started_at ?? 0);

/**
 * How a request without a recorded answer is shown. The sender works one request of a delivery at a time, so a later
 * request, or an end of the delivery, means that this one's sender stopped: its answer will never be known.
 */
const outcomeOf = (row: StoredAttempt, all: readonly StoredAttempt[], ended: boolean): string => {
  if (row.outcome !== null) return row.outcome;
  const overtaken = all.some(
    (other) =>
      other.request_id !== row.request_id &&
      (other.epoch - row.epoch || other.attempt - row.attempt || announced(other) - announced(row)) >= 0,
  );
  return ended || overtaken ? 'unknown' : 'pending';
};

/** `rows`: all requests of one delivery, in order. */
export const attemptViews = (rows: readonly StoredAttempt[], ended: boolean, body: RequestBody): AttemptView[] =>
  rows.map((row) => {
    const detail = row.detail === null ? null : (JSON.parse(row.detail.toString('utf8')) as AttemptDetail);
    return {
      epoch: row.epoch,
      number: row.attempt,
      requestId: row.request_id,
      startedAt: timeText(row.started_at ?? announced(row)),
      durationMs: row.duration_ms,
      request: {
        url: detail?.url ?? row.announced_url?.toString('utf8') ?? '',
        headers: detail?.requestHeaders ?? {},
        body: body.text,
        bodyMissing: body.missing,
      },
      response:
        row.response_status === null
          ? null
          : {
              status: row.response_status,
              headers: detail?.responseHeaders ?? {},
              body: row.response_body?.toString('utf8') ?? '',
              bodyTruncated: detail?.bodyTruncated ?? false,
            },
      outcome: outcomeOf(row, rows, ended),
      error: detail?.error ?? null,
      traceId: row.trace_id,
    };
  });
