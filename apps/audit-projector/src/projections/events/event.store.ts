import { mergeOnConflict, rowOrder, type TableWrite } from '../../projector/table-write';
import type { EventRow } from './event.projection';

const FIRST_ACCEPTED = ['accepted_at', 'topic', 'partition', 'record_offset'];

/** The merge of event.projection.ts, in SQL. */
export const eventWrite: TableWrite<EventRow> = {
  table: 'events',
  columns: [
    { name: 'tenant', type: 'text', value: (row) => row.tenant },
    { name: 'day', type: 'date', value: (row) => row.day },
    { name: 'event_key', type: 'text', value: (row) => row.eventKey },
    { name: 'event_id', type: 'text', value: (row) => row.eventId },
    { name: 'type', type: 'text', value: (row) => row.type },
    { name: 'accepted_at', type: 'bigint', value: (row) => row.acceptedAt },
    { name: 'topic', type: 'text', value: (row) => row.topic },
    { name: 'partition', type: 'integer', value: (row) => row.partition },
    { name: 'record_offset', type: 'bigint', value: (row) => row.offset },
    { name: 'attributes', type: 'bytea', value: (row) => row.attributes },
    { name: 'data', type: 'bytea', value: (row) => row.data },
  ],
  conflict: mergeOnConflict('tenant, day, event_key', [
    {
      columns: ['event_id', 'type', ...FIRST_ACCEPTED, 'attributes', 'data'],
      newer: rowOrder(FIRST_ACCEPTED, '<'),
    },
  ]),
};
