import { mergeOnConflict, rowOrder, type TableWrite } from '../../projector/table-write';
import type { DeliveryRow } from './delivery.projection';

const CREATED = [
  'created_at',
  'created_tie',
  'endpoint_id',
  'event_id',
  'event_key',
  'event_type',
  'contract',
  'contract_version',
  'trigger',
  'trigger_id',
  'accepted_at',
  'body_sha256',
  'trace_id',
];
const STATE = ['epoch', 'attempt', 'rank', 'state_at', 'status', 'next_attempt_at', 'reason'];

/** The merge of delivery.projection.ts, in SQL. */
export const deliveryWrite: TableWrite<DeliveryRow> = {
  table: 'deliveries',
  columns: [
    { name: 'tenant', type: 'text', value: (row) => row.tenant },
    { name: 'delivery_id', type: 'uuid', value: (row) => row.deliveryId },
    { name: 'created_at', type: 'bigint', value: ({ created }) => created?.createdAt ?? null },
    { name: 'created_tie', type: 'text', value: ({ created }) => created?.createdTie ?? null },
    { name: 'endpoint_id', type: 'text', value: ({ created }) => created?.endpointId ?? null },
    { name: 'event_id', type: 'text', value: ({ created }) => created?.eventId ?? null },
    { name: 'event_key', type: 'text', value: ({ created }) => created?.eventKey ?? null },
    { name: 'event_type', type: 'text', value: ({ created }) => created?.eventType ?? null },
    { name: 'contract', type: 'text', value: ({ created }) => created?.contract ?? null },
    { name: 'contract_version', type: 'integer', value: ({ created }) => created?.contractVersion ?? null },
    { name: 'trigger', type: 'text', value: ({ created }) => created?.trigger ?? null },
    { name: 'trigger_id', type: 'text', value: ({ created }) => created?.triggerId ?? null },
    { name: 'accepted_at', type: 'bigint', value: ({ created }) => created?.acceptedAt ?? null },
    { name: 'body_sha256', type: 'text', value: ({ created }) => created?.bodySha256 ?? null },
    { name: 'trace_id', type: 'text', value: ({ created }) => created?.traceId ?? null },
    { name: 'epoch', type: 'integer', value: ({ state }) => state.epoch },
    { name: 'attempt', type: 'integer', value: ({ state }) => state.attempt },
    { name: 'rank', type: 'integer', value: ({ state }) => state.rank },
    { name: 'state_at', type: 'bigint', value: ({ state }) => state.at },
    { name: 'status', type: 'text', value: ({ state }) => state.status },
    { name: 'next_attempt_at', type: 'bigint', value: ({ state }) => state.nextAttemptAt },
    { name: 'reason', type: 'text', value: ({ state }) => state.reason },
  ],
  conflict: mergeOnConflict('tenant, delivery_id', [
    {
      columns: CREATED,
      newer: `excluded.created_at IS NOT NULL AND (kept.created_at IS NULL OR ${rowOrder(['created_at', 'created_tie'], '<')})`,
    },
    { columns: STATE, newer: rowOrder(STATE, '>') },
  ]),
};
