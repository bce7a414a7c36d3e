import {
  auditTransaction,
  type Database,
  inTenant,
  isUniqueViolation,
  lockUntilEnd,
  type Transaction,
} from '@millrace/postgres';
import { SOURCE_LIMITS } from '@millrace/protocol';
import { MoreThan } from 'typeorm';
import { AuditEntryEntity } from '../audit-log/audit-entry.entity';
import { SourceEntity } from './source.entity';
import type { SourceSettings } from './source-settings';
import { ClaimTaken, type SourceReads, type SourceTransaction, type StoredSource } from './sources.ports';

const fromRow = (row: SourceEntity): StoredSource => ({
  ...row,
  settings: JSON.parse(row.settings) as SourceSettings,
});

const find = async (tx: Transaction, tenant: string, name: string): Promise<StoredSource | null> => {
  const row = await tx.findOneBy(SourceEntity, { tenant, name });
  return row && fromRow(row);
};

/** By name, those after `after`. */
export const storedSources = async (
  tx: Transaction,
  tenant: string,
  after: string | null,
  limit: number,
): Promise<StoredSource[]> => {
  const rows = await tx.find(SourceEntity, {
    where: { tenant, ...(after === null ? {} : { name: MoreThan(after) }) },
    order: { name: 'ASC' },
    take: limit,
  });
  return rows.map(fromRow);
};

export class SourceStore implements SourceReads {
  constructor(private readonly database: Database) {}

  find(tenant: string, name: string): Promise<StoredSource | null> {
    return inTenant(this.database, tenant, (tx) => find(tx, tenant, name));
  }

  list(tenant: string, after: string | null, limit: number): Promise<StoredSource[]> {
    return inTenant(this.database, tenant, (tx) => storedSources(tx, tenant, after, limit));
  }
}

/** What the use cases do inside the writer's transaction. */
export const sourceTransaction = (tx: Transaction, tenant: string): SourceTransaction => ({
  audit: auditTransaction(AuditEntryEntity, tx, tenant),
  async lock() {
    await lockUntilEnd(tx, `sources of ${tenant}`);
  },
  list() {
    return storedSources(tx, tenant, null, SOURCE_LIMITS.perTenant);
  },
  find(name) {
    return find(tx, tenant, name);
  },
  async save(source) {
    try {
      await tx.upsert(SourceEntity, { ...source, settings: JSON.stringify(source.settings) }, ['tenant', 'name']);
    } catch (error) {
      if (isUniqueViolation(error, 'source_claim')) throw new ClaimTaken(`source ${source.name}`, { cause: error });
      throw error;
    }
  },
  async delete(name) {
    await tx.delete(SourceEntity, { tenant, name });
  },
});
