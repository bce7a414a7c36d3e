import type { DatabaseSettings } from '@millrace/postgres';
import { HistoryTables1763700000000 } from './migrations/1763700000000-history-tables';

export const HISTORY_SCHEMA = 'history';
/** Where `rebuild` projects to unless told otherwise. */
export const REBUILD_SCHEMA = 'history_rebuild';

export const historyDatabase = (url: string, schema: string = HISTORY_SCHEMA): DatabaseSettings => ({
  url,
  schema,
  applicationName: 'millrace-audit-projector',
  migrations: [HistoryTables1763700000000],
});
