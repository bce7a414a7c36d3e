import type { AuditEntry } from '@millrace/postgres';
import type { ConfigurationPage, Page } from '@millrace/protocol';
import { pageOf } from '../paging/page';
import type { PageCursors } from '../paging/page-cursor';

export interface AuditLogReads<Entry> {
  /** Newest first, those made before the entry of the id `before`. */
  list(tenant: string, before: string | null, limit: number): Promise<readonly Entry[]>;
}

/** One page of a service's audit log, newest first. Throws Refused for a cursor that it did not give out. */
export const auditLogPage = <Entry extends AuditEntry, View>(
  { auditLog, cursors }: { readonly auditLog: AuditLogReads<Entry>; readonly cursors: PageCursors },
  tenant: string,
  query: ConfigurationPage,
  viewOf: (entry: Entry) => View,
): Promise<Page<View>> =>
  pageOf(
    cursors,
    { tenant, name: 'audit-log' },
    query,
    (before, count) => auditLog.list(tenant, before, count),
    (entry) => entry.id,
    viewOf,
  );
