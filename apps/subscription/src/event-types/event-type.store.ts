import type { Database, Transaction } from '@millrace/postgres';
import { MoreThan } from 'typeorm';

import { inTenant } from '../tenancy/tenant-transaction.store';
import { EventTypeEntity } from './event-type.entity';
import type { EventTypeReads, EventTypeTransaction, StoredEventType } from './event-types.ports';

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
}

/** What the use cases do inside the writer's transaction. */
export const eventTypeTransaction = (tx: Transaction, tenant: string): EventTypeTransaction => ({
  async countForAdding() {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`event types of ${tenant}`]);
    return tx.countBy(EventTypeEntity, { tenant });
  },
  async insert(type) {
    if (await tx.existsBy(EventTypeEntity, { tenant, name: type.name })) return false;
    await tx.insert(EventTypeEntity, type);
    return true;
  },
});
