import { mergeOnConflict, rowOrder, type TableWrite } from '../../projector/table-write';
import type { AttemptRow } from './attempt.projection';

const STARTED = ['announced_at', 'announced_url'];
const FINISHED = [
  'finished_at',
  'finished_tie',
  'started_at',
  'duration_ms',
  'outcome',
  'response_status',
  'detail',
  'response_body',
];
const IDENTITY = ['epoch', 'attempt', 'trace_id', 'span_id'];

const earlier = (time: string, tie: string): string =>
  `excluded.${time} IS NOT NULL AND (kept.${time} IS NULL OR ${rowOrder([time, tie], '<')})`;

/** The merge of attempt.projection.ts, in SQL. */
export const attemptWrite: TableWrite<AttemptRow> = {
  table: 'attempts',
  columns: [
    { name: 'tenant', type: 'text', value: (row) => row.tenant },
    { name: 'delivery_id', type: 'uuid', value: (row) => row.deliveryId },
    { name: 'request_id', type: 'uuid', value: (row) => row.requestId },
    { name: 'epoch', type: 'integer', value: (row) => row.epoch },
    { name: 'attempt', type: 'integer', value: (row) => row.attempt },
    { name: 'trace_id', type: 'text', value: (row) => row.traceId },
    { name: 'span_id', type: 'text', value: (row) => row.spanId },
    { name: 'announced_at', type: 'bigint', value: ({ started }) => started?.announcedAt ?? null },
    { name: 'announced_url', type: 'bytea', value: ({ started }) => started?.announcedUrl ?? null },
    { name: 'finished_at', type: 'bigint', value: ({ finished }) => finished?.finishedAt ?? null },
    { name: 'finished_tie', type: 'text', value: ({ finished }) => finished?.finishedTie ?? null },
    { name: 'started_at', type: 'bigint', value: ({ finished }) => finished?.startedAt ?? null },
    { name: 'duration_ms', type: 'integer', value: ({ finished }) => finished?.durationMs ?? null },
    { name: 'outcome', type: 'text', value: ({ finished }) => finished?.outcome ?? null },
    { name: 'response_status', type: 'integer', value: ({ finished }) => finished?.responseStatus ?? null },
    { name: 'detail', type: 'bytea', value: ({ finished }) => finished?.detail ?? null },
    { name: 'response_body', type: 'bytea', value: ({ finished }) => finished?.responseBody ?? null },
  ],
  conflict: mergeOnConflict('tenant, delivery_id, request_id', [
    ...IDENTITY.map((name) => ({ columns: [name], newer: `excluded.${name} < kept.${name}` })),
    { columns: STARTED, newer: earlier('announced_at', 'announced_url') },
    { columns: FINISHED, newer: earlier('finished_at', 'finished_tie') },
  ]),
};
