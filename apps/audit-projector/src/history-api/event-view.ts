import type { EventDetailView, EventRejectionView, EventView } from '@millrace/protocol';
import { timeText } from './delivery-view';
import type { StoredEvent, StoredRejection } from './history-reader.store';
import { attributesOf } from './request-body';

/**
 * An event as JSON text (EventView, or EventDetailView with its deliveries and what was refused of it). The data is put in as it was stored, never
 * parsed: `14400.0` and `12345678901234567890` stay what they are.
 */
export const eventJson = (row: StoredEvent, detail?: Pick<EventDetailView, 'deliveries' | 'rejections'>): string => {
  const { source, subject, time } = attributesOf(row);
  const head = {
    id: row.event_id,
    type: row.type,
    source,
    subject,
    timestamp: time,
    acceptedAt: timeText(row.accepted_at),
  } satisfies Omit<EventView, 'data'>;
  const tail = detail === undefined ? '' : `,${JSON.stringify(detail).slice(1, -1)}`;
  return `${JSON.stringify(head).slice(0, -1)},"data":${row.data.toString('utf8')}${tail}}`;
};

export const rejectionView = (row: StoredRejection): EventRejectionView => ({
  code: row.code,
  detail: (JSON.parse(row.detail.toString('utf8')) as { detail: string }).detail,
  at: timeText(row.rejected_at),
});
