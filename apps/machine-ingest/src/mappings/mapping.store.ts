import { auditTransaction, type Database, inTenant, lockUntilEnd, type Transaction } from '@millrace/postgres';
import { In, IsNull, MoreThan, Not } from 'typeorm';
import { AuditEntryEntity } from '../audit-log/audit-entry.entity';
import { MappedMachineEntity, MappingEntity, MappingVersionEntity } from './mapping.entity';
import type { ActiveMapping, MappingReads, MappingTransaction, StoredMapping, StoredVersion } from './mappings.ports';

const withVersion = async (tx: Transaction, mapping: StoredMapping): Promise<ActiveMapping | null> => {
  const { tenant, name, active } = mapping;
  const version = active === null ? null : await tx.findOneBy(MappingVersionEntity, { tenant, name, version: active });
  return version && { mapping, version };
};

export class MappingStore implements MappingReads {
  constructor(private readonly database: Database) {}

  find(tenant: string, name: string): Promise<ActiveMapping | null> {
    return inTenant(this.database, tenant, async (tx) => {
      const mapping = await tx.findOneBy(MappingEntity, { tenant, name, active: Not(IsNull()) });
      return mapping && withVersion(tx, mapping);
    });
  }

  list(tenant: string, after: string | null, limit: number): Promise<ActiveMapping[]> {
    return inTenant(this.database, tenant, async (tx) => {
      const mappings = await tx.find(MappingEntity, {
        where: { tenant, active: Not(IsNull()), ...(after === null ? {} : { name: MoreThan(after) }) },
        order: { name: 'ASC' },
        take: limit,
      });
      const found: ActiveMapping[] = [];
      for (const mapping of mappings) {
        const active = await withVersion(tx, mapping);
        if (active !== null) found.push(active);
      }
      return found;
    });
  }

  versions(tenant: string, name: string): Promise<StoredVersion[]> {
    return inTenant(this.database, tenant, (tx) =>
      tx.find(MappingVersionEntity, { where: { tenant, name }, order: { version: 'DESC' } }),
    );
  }

  version(tenant: string, name: string, version: number): Promise<StoredVersion | null> {
    return inTenant(this.database, tenant, (tx) => tx.findOneBy(MappingVersionEntity, { tenant, name, version }));
  }
}

/** What the use cases do inside the writer's transaction. */
export const mappingTransaction = (tx: Transaction, tenant: string): MappingTransaction => ({
  audit: auditTransaction(AuditEntryEntity, tx, tenant),
  async lock() {
    await lockUntilEnd(tx, `mappings of ${tenant}`);
  },
  countActive() {
    return tx.countBy(MappingEntity, { tenant, active: Not(IsNull()) });
  },
  find(name) {
    return tx.findOneBy(MappingEntity, { tenant, name });
  },
  version(name, version) {
    return tx.findOneBy(MappingVersionEntity, { tenant, name, version });
  },
  versionOfHash(name, hash) {
    return tx.findOneBy(MappingVersionEntity, { tenant, name, hash });
  },
  async save(mapping) {
    await tx.upsert(MappingEntity, { ...mapping }, ['tenant', 'name']);
  },
  async addVersion(version) {
    await tx.insert(MappingVersionEntity, { ...version, machines: [...version.machines] });
  },
  async mapped(machines) {
    const rows = await tx.findBy(MappedMachineEntity, { tenant, machine: In([...machines]) });
    return new Map(rows.map(({ machine, mapping }) => [machine, mapping]));
  },
  async machinesOf(name) {
    const rows = await tx.findBy(MappedMachineEntity, { tenant, mapping: name });
    return rows.map(({ machine }) => machine).sort();
  },
  async setMachines(name, machines) {
    await tx.delete(MappedMachineEntity, { tenant, mapping: name });
    if (machines.length > 0)
      await tx.insert(
        MappedMachineEntity,
        machines.map((machine) => ({ tenant, machine, mapping: name })),
      );
  },
});
