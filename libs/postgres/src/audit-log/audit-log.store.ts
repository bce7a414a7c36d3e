import { LessThan } from 'typeorm';
import type { Database, Transaction } from '../database/database';
import { inTenant } from '../database/tenant-transaction';
import type { AuditEntry, AuditEntryColumns } from './audit-entry.entity';

/** Part of the transaction of what was done, so that neither is without the other. */
export interface AuditTransaction<Entry extends AuditEntry> {
  insert(entry: Entry): Promise<void>;
}

/** @param entity the service's own: which table, and what its entries say besides */
export const auditTransaction = <Row extends AuditEntryColumns>(
  entity: new () => Row,
  tx: Transaction,
  tenant: string,
): AuditTransaction<Omit<Row, 'tenant'> & AuditEntry> => ({
  async insert(entry) {
    await tx.insert<AuditEntryColumns>(entity, { ...entry, tenant });
  },
});

export class AuditLogStore<Row extends AuditEntryColumns> {
  constructor(
    private readonly database: Database,
    private readonly entity: new () => Row,
  ) {}

  /** Newest first, those made before `before`. */
  list(tenant: string, before: string | null, limit: number): Promise<Row[]> {
    return inTenant(
      this.database,
      tenant,
      (tx) =>
        tx.find<AuditEntryColumns>(this.entity, {
          where: { tenant, ...(before === null ? {} : { id: LessThan(before) }) },
          order: { id: 'DESC' },
          take: limit,
        }) as Promise<Row[]>,
    );
  }
}
