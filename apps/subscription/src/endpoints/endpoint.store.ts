import { DEFAULT_OPTIONS } from '@millrace/domain';
import type { Database, Transaction } from '@millrace/postgres';
import { In, LessThan } from 'typeorm';
import { recoveryTransaction } from '../recoveries/recovery.store';
import { inTenant } from '../tenancy/tenant-transaction.store';
import { EndpointEntity } from './endpoint.entity';
import type { EndpointReads, EndpointTransaction } from './endpoints.ports';
import type { StoredEndpoint } from './stored-endpoint';

const toRow = (endpoint: StoredEndpoint): EndpointEntity =>
  Object.assign(new EndpointEntity(), {
    ...endpoint,
    eventTypes: [...endpoint.eventTypes],
    statusSince: new Date(endpoint.statusSince),
    createdAt: new Date(endpoint.createdAt),
    updatedAt: new Date(endpoint.updatedAt),
  });

const fromRow = (row: EndpointEntity): StoredEndpoint => ({
  ...row,
  options: { ...DEFAULT_OPTIONS, ...row.options },
  statusSince: row.statusSince.toISOString(),
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});

export class EndpointStore implements EndpointReads {
  constructor(private readonly database: Database) {}

  find(tenant: string, id: string): Promise<StoredEndpoint | null> {
    return inTenant(this.database, tenant, async (tx) => {
      const row = await tx.findOneBy(EndpointEntity, { tenant, id });
      return row && fromRow(row);
    });
  }

  findMany(tenant: string, ids: readonly string[]): Promise<StoredEndpoint[]> {
    return inTenant(this.database, tenant, async (tx) =>
      (await tx.findBy(EndpointEntity, { tenant, id: In([...ids]) })).map(fromRow),
    );
  }

  list(tenant: string, before: string | null, limit: number): Promise<StoredEndpoint[]> {
    return inTenant(this.database, tenant, async (tx) => {
      const rows = await tx.find(EndpointEntity, {
        where: { tenant, ...(before === null ? {} : { id: LessThan(before) }) },
        order: { id: 'DESC' },
        take: limit,
      });
      return rows.map(fromRow);
    });
  }
}

/** What the use cases do inside the writer's transaction. */
export const endpointTransaction = (tx: Transaction, tenant: string): EndpointTransaction => ({
  async countForAdding() {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`endpoints of ${tenant}`]);
    return tx.countBy(EndpointEntity, { tenant });
  },
  async insert(endpoint) {
    await tx.insert(EndpointEntity, toRow(endpoint));
  },
  async lock(id) {
    const row = await tx.findOne(EndpointEntity, { where: { tenant, id }, lock: { mode: 'pessimistic_write' } });
    return row && fromRow(row);
  },
  async update(endpoint) {
    const { tenant: _tenant, id: _id, ...columns } = toRow(endpoint);
    await tx.update(EndpointEntity, { tenant, id: endpoint.id }, columns);
  },
  async delete(id) {
    await tx.delete(EndpointEntity, { tenant, id });
  },
  recoveries: recoveryTransaction(tx, tenant),
});
