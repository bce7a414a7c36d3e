import { type Database, inTenant, type Transaction } from '@millrace/postgres';
import { sortableId } from '@millrace/service-runtime';
import { LessThan } from 'typeorm';
import { type AuditAction, AuditEntryEntity } from './audit-entry.entity';

export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly action: AuditAction;
  readonly object: string;
}

/** `random` holds 10 bytes. */
export const newAuditEntryId = (nowMs: number, random: Buffer): string => sortableId('au', nowMs, random);

/** Part of the transaction of what was done, so that neither is without the other. */
export interface AuditTransaction {
  insert(entry: AuditEntry): Promise<void>;
}

export const auditTransaction = (tx: Transaction, tenant: string): AuditTransaction => ({
  async insert(entry) {
    await tx.insert(AuditEntryEntity, { ...entry, tenant });
  },
});

export class AuditEntryStore {
  constructor(private readonly database: Database) {}

  /** Newest first, those made before `before`. */
  list(tenant: string, before: string | null, limit: number): Promise<AuditEntry[]> {
    return inTenant(this.database, tenant, (tx) =>
      tx.find(AuditEntryEntity, {
        where: { tenant, ...(before === null ? {} : { id: LessThan(before) }) },
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }
}
