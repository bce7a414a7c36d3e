import type { DeliveryView, EventView } from '@millrace/protocol';
import { timeText } from './delivery-view';
import type { StoredEvent } from './history-reader.store';
import { attributesOf } from './request-body';

/**
 * An event as JSON text (EventView, or EventDetailView with its deliveries). The data is put in as it was stored, never
 * parsed: `14400.0` and `12345678901234567890` stay what they are.
 */
export const eventJson = (row: StoredEvent, deliveries?: readonly DeliveryView[]): string => {
  const { source, subject, time } = attributesOf(row);
  const head = {
    id: row.event_id,
    type: row.type,
    source,
    subject,
    timestamp: time,
    acceptedAt: timeText(row.accepted_at),
  } satisfies Omit<EventView, 'data'>;
  const tail = deliveries === undefined ? '' : `,"deliveries":${JSON.stringify(deliveries)}`;
  return `${JSON.stringify(head).slice(0, -1)},"data":${row.data.toString('utf8')}${tail}}`;
};
