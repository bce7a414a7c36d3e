import { type Database, inTenant, lockUntilEnd, type Transaction } from '@millrace/postgres';
import type { EventValidation } from '@millrace/protocol';
import { In, MoreThan, Not } from 'typeorm';

import { EventTypeEntity, EventTypeVersionEntity, EventValidationEntity } from './event-type.entity';
import type { EventTypeReads, EventTypeTransaction, StoredEventType, StoredVersion } from './event-types.ports';

const versionsOf = (tx: Transaction, tenant: string, names: readonly string[]): Promise<StoredVersion[]> =>
  tx.find(EventTypeVersionEntity, {
    where: { tenant, name: In([...names]) },
    order: { name: 'ASC', version: 'ASC' },
  });

const validationsOf = async (
  tx: Transaction,
  tenant: string,
  names: readonly string[],
): Promise<Map<string, EventValidation>> => {
  const rows = await tx.findBy(EventValidationEntity, { tenant, name: In([...names]) });
  return new Map(rows.map(({ name, validation }) => [name, validation as EventValidation]));
};

export class EventTypeStore implements EventTypeReads {
  constructor(private readonly database: Database) {}

  find(tenant: string, name: string): Promise<StoredEventType | null> {
    return inTenant(this.database, tenant, (tx) => tx.findOneBy(EventTypeEntity, { tenant, name }));
  }

  list(tenant: string, after: string | null, limit: number): Promise<StoredEventType[]> {
    return inTenant(this.database, tenant, (tx) =>
      tx.find(EventTypeEntity, {
        where: { tenant, ...(after === null ? {} : { name: MoreThan(after) }) },
        order: { name: 'ASC' },
        take: limit,
      }),
    );
  }

  versions(tenant: string, names: readonly string[]): Promise<StoredVersion[]> {
    return inTenant(this.database, tenant, (tx) => versionsOf(tx, tenant, names));
  }

  validations(tenant: string, names: readonly string[]): Promise<Map<string, EventValidation>> {
    return inTenant(this.database, tenant, (tx) => validationsOf(tx, tenant, names));
  }
}

/** What the use cases do inside the writer's transaction. */
export const eventTypeTransaction = (tx: Transaction, tenant: string): EventTypeTransaction => ({
  async lock() {
    await lockUntilEnd(tx, `event types of ${tenant}`);
  },
  count() {
    return tx.countBy(EventTypeEntity, { tenant });
  },
  find(name) {
    return tx.findOneBy(EventTypeEntity, { tenant, name });
  },
  versions(name) {
    return versionsOf(tx, tenant, [name]);
  },
  async validation(name) {
    return (await validationsOf(tx, tenant, [name])).get(name) ?? 'off';
  },
  countValidated() {
    return tx.countBy(EventValidationEntity, { tenant, validation: Not('off') });
  },
  async save(type) {
    await tx.upsert(EventTypeEntity, { ...type }, ['tenant', 'name']);
  },
  async addVersion(version) {
    await tx.insert(EventTypeVersionEntity, { ...version, tenant });
  },
  async setValidation(name, validation) {
    await tx.upsert(EventValidationEntity, { tenant, name, validation }, ['tenant', 'name']);
  },
});
