import { auditTransaction, type Transaction } from '@millrace/postgres';
import { SOURCE_LIMITS } from '@millrace/protocol';
import { AuditEntryEntity } from '../audit-log/audit-entry.entity';
import { mappingTransaction } from '../mappings/mapping.store';
import { storedSources } from '../sources/source.store';
import type { RemovalTransaction } from './remove-machine.handler';

/** What the removal of a machine does inside the writer's transaction. */
export const removalTransaction = (tx: Transaction, tenant: string): RemovalTransaction => {
  const mappings = mappingTransaction(tx, tenant);
  return {
    audit: auditTransaction(AuditEntryEntity, tx, tenant),
    lock: () => mappings.lock(),
    async mappingOf(machine) {
      return (await mappings.mapped([machine])).get(machine) ?? null;
    },
    sources: () => storedSources(tx, tenant, null, SOURCE_LIMITS.perTenant),
  };
};
