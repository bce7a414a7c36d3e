import { type Database, inTenant, lockUntilEnd, type Transaction } from '@millrace/postgres';
import { LessThan } from 'typeorm';
import { ConnectionEntity } from './connection.entity';
import type { ConnectionReads, ConnectionTransaction, StoredConnection } from './connections.ports';

export class ConnectionStore implements ConnectionReads {
  constructor(private readonly database: Database) {}

  find(tenant: string, id: string): Promise<StoredConnection | null> {
    return inTenant(this.database, tenant, (tx) => tx.findOneBy(ConnectionEntity, { tenant, id }));
  }

  list(tenant: string, before: string | null, limit: number): Promise<StoredConnection[]> {
    return inTenant(this.database, tenant, (tx) =>
      tx.find(ConnectionEntity, {
        where: { tenant, ...(before === null ? {} : { id: LessThan(before) }) },
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }
}

/** What the use cases do inside the writer's transaction. */
export const connectionTransaction = (tx: Transaction, tenant: string): ConnectionTransaction => ({
  async count() {
    await lockUntilEnd(tx, `connections of ${tenant}`);
    return tx.countBy(ConnectionEntity, { tenant });
  },
  async insert(connection) {
    await tx.insert(ConnectionEntity, connection);
  },
  lock: (id) => tx.findOne(ConnectionEntity, { where: { tenant, id }, lock: { mode: 'pessimistic_write' } }),
  async update({ tenant: _tenant, id, ...columns }) {
    await tx.update(ConnectionEntity, { tenant, id }, columns);
  },
  async delete(id) {
    await tx.delete(ConnectionEntity, { tenant, id });
  },
});
