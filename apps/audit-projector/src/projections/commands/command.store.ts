import type { Database } from '@millrace/postgres';
import { mergeOnConflict, rowOrder, type TableWrite } from '../../projector/table-write';
import type { CommandRow } from './command.projection';

const ANSWER = ['result', 'answered_at', 'command', 'by', 'reason'];

/** The merge of command.projection.ts, in SQL. */
export const commandWrite: TableWrite<CommandRow> = {
  table: 'commands',
  columns: [
    { name: 'tenant', type: 'text', value: (row) => row.tenant },
    { name: 'delivery_id', type: 'uuid', value: (row) => row.deliveryId },
    { name: 'command_id', type: 'text', value: (row) => row.commandId },
    { name: 'result', type: 'text', value: (row) => row.result },
    { name: 'answered_at', type: 'bigint', value: (row) => row.at },
    { name: 'command', type: 'text', value: (row) => row.command },
    { name: 'by', type: 'text', value: (row) => row.by },
    { name: 'reason', type: 'text', value: (row) => row.reason },
  ],
  conflict: mergeOnConflict('delivery_id, tenant, command_id', [{ columns: ANSWER, newer: rowOrder(ANSWER, '<') }]),
};

/** Commands of the deliveries before this id go with them. */
export const deleteCommandsBefore = async (database: Database, deliveryId: string): Promise<void> => {
  await database.query('DELETE FROM commands WHERE delivery_id < $1', [deliveryId]);
};
