import { type Database, inTenant, type Transaction } from '@millrace/postgres';
import type { MachineAuditAction } from '@millrace/protocol';
import { ID_RANDOM_BYTES, sortableId, type WriteRequest } from '@millrace/service-runtime';
import { LessThan } from 'typeorm';
import { AuditEntryEntity } from './audit-entry.entity';

export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly action: MachineAuditAction;
  readonly object: string;
  readonly detail: string;
}

export interface AuditTools {
  readonly random: (bytes: number) => Buffer;
  /** Unix ms. */
  readonly now: () => number;
}

export const auditEntry = (
  { random, now }: AuditTools,
  { actor }: Pick<WriteRequest, 'actor'>,
  what: Pick<AuditEntry, 'action' | 'object' | 'detail'>,
): AuditEntry => {
  const at = now();
  return { id: sortableId('au', at, random(ID_RANDOM_BYTES)), at: new Date(at), actor, ...what };
};

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
