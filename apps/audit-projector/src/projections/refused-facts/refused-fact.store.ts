import type { TableWrite } from '../../projector/table-write';
import type { RefusedFactRow } from './refused-fact.projection';

export const refusedFactWrite: TableWrite<RefusedFactRow> = {
  table: 'refused_facts',
  columns: [
    { name: 'topic', type: 'text', value: (row) => row.topic },
    { name: 'partition', type: 'integer', value: (row) => row.partition },
    { name: 'record_offset', type: 'bigint', value: (row) => row.offset },
    { name: 'fact_index', type: 'integer', value: (row) => row.index },
    { name: 'reason', type: 'text', value: (row) => row.reason },
    { name: 'value', type: 'bytea', value: (row) => row.value },
  ],
  conflict: '(topic, partition, record_offset, fact_index) DO NOTHING',
};
