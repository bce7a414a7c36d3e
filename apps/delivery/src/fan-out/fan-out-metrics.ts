import type { EventRefusal } from '@millrace/domain';
import type { IncomingMessage } from '@millrace/protocol';
import { type Logger, metrics } from '@millrace/telemetry';

const events = metrics.counter('webhook_events_fanned_out_total', 'Events matched against the endpoints', ['matched']);
const deliveries = metrics.counter('webhook_deliveries_created_total', 'Deliveries made of events', []);
const quarantined = metrics.counter('webhook_quarantine_total', 'Records put into the quarantine', ['reason']);

/** One function for each business event of fan-out. */
export const fanOutMetrics = {
  fannedOut(matches: number): void {
    events.inc({ matched: matches > 0 ? 'yes' : 'no' });
    if (matches > 0) deliveries.inc({}, matches);
  },
  rejected(logger: Logger, message: IncomingMessage, refusal: EventRefusal): void {
    quarantined.inc({ reason: refusal.code });
    logger.warn(
      {
        topic: message.topic,
        partition: message.partition,
        offset: String(message.offset),
        code: refusal.code,
        detail: refusal.detail,
      },
      'event put into the quarantine',
    );
  },
};
