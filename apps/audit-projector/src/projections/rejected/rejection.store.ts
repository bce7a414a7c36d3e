import type { Database } from '@millrace/postgres';
import type { TableWrite } from '../../projector/table-write';
import type { RejectionRow } from './rejection.projection';

export const rejectionWrite: TableWrite<RejectionRow> = {
  table: 'rejections',
  columns: [
    { name: 'topic', type: 'text', value: (row) => row.topic },
    { name: 'partition', type: 'integer', value: (row) => row.partition },
    { name: 'record_offset', type: 'bigint', value: (row) => row.offset },
    { name: 'day', type: 'date', value: (row) => row.day },
    { name: 'rejected_at', type: 'bigint', value: (row) => row.rejectedAt },
    { name: 'code', type: 'text', value: (row) => row.code },
    { name: 'detail', type: 'bytea', value: (row) => row.detail },
    { name: 'value', type: 'bytea', value: (row) => row.value },
    { name: 'value_bytes', type: 'integer', value: (row) => row.valueBytes },
    { name: 'tenant', type: 'text', value: (row) => row.tenant },
    { name: 'event_key', type: 'text', value: (row) => row.eventKey },
  ],
  conflict: '(topic, partition, record_offset) DO NOTHING',
};

export const deleteRejectionsBefore = async (database: Database, day: string): Promise<void> => {
  await database.query('DELETE FROM rejections WHERE day < $1', [day]);
  await database.query('DELETE FROM quarantine_actions WHERE day < $1', [day]);
};
