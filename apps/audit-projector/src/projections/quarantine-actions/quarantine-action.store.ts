import type { TableWrite } from '../../projector/table-write';
import type { QuarantineActionRow } from './quarantine-action.projection';

export const quarantineActionWrite: TableWrite<QuarantineActionRow> = {
  table: 'quarantine_actions',
  columns: [
    { name: 'topic', type: 'text', value: (row) => row.topic },
    { name: 'partition', type: 'integer', value: (row) => row.partition },
    { name: 'record_offset', type: 'bigint', value: (row) => row.offset },
    { name: 'of_offset', type: 'bigint', value: (row) => row.ofOffset },
    { name: 'day', type: 'date', value: (row) => row.day },
    { name: 'action', type: 'text', value: (row) => row.action },
    { name: 'acted_at', type: 'bigint', value: (row) => row.at },
    { name: 'acted_by', type: 'text', value: (row) => row.by },
    { name: 'corrected', type: 'integer', value: (row) => Number(row.corrected) },
    { name: 'reason', type: 'bytea', value: (row) => row.reason },
  ],
  conflict: '(topic, partition, of_offset, record_offset) DO NOTHING',
};
