import { mergeOnConflict, rowOrder, type TableWrite } from '../../projector/table-write';
import { type DeliveryRow, RANK_ENDED, RANK_SUCCEEDED } from './delivery.projection';

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
  'body_variant',
  'trace_id',
  'subject',
];
const STATE = ['epoch', 'attempt', 'rank', 'state_at', 'status', 'next_attempt_at', 'reason', 'behind'];
/** Of rows: see compareStates. */
const STATE_ORDER = [
  'epoch',
  `rank >= ${RANK_ENDED}`,
  `rank >= ${RANK_SUCCEEDED}`,
  'attempt',
  'rank',
  'state_at',
  'status',
  'next_attempt_at',
  'reason',
  'behind',
];
const CHAIN = ['sequence', 'previous_event_id'];

/** The new row has the part, and the one that is there has none or one that the condition puts back. */
const given = (column: string, newer: string): string =>
  `excluded.${column} IS NOT NULL AND (kept.${column} IS NULL OR ${newer})`;

/** A subject as it is stored and looked for. */
export const subjectBytes = (subject: string | null): Buffer | null => (subject === null ? null : Buffer.from(subject));

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
    { name: 'behind', type: 'text', value: ({ state }) => state.behind },
    { name: 'subject', type: 'bytea', value: ({ created }) => subjectBytes(created?.subject ?? null) },
    { name: 'record_offset', type: 'bigint', value: (row) => row.recordOffset },
    { name: 'sequence', type: 'bigint', value: ({ chain }) => chain?.sequence ?? null },
    { name: 'previous_event_id', type: 'text', value: ({ chain }) => chain?.previousEventId ?? null },
    { name: 'body_variant', type: 'text', value: ({ created }) => created?.bodyVariant ?? null },
  ],
  conflict: mergeOnConflict('tenant, delivery_id', [
    { columns: CREATED, newer: given('created_at', rowOrder(['created_at', 'created_tie'], '<')) },
    { columns: STATE, newer: rowOrder(STATE_ORDER, '>') },
    { columns: ['record_offset'], newer: given('record_offset', rowOrder(['record_offset'], '>')) },
    { columns: CHAIN, newer: given('sequence', rowOrder(CHAIN, '>')) },
  ]),
};
