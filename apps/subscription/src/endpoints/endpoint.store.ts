import { DEFAULT_OPTIONS } from '@millrace/domain';
import { auditTransaction, type Database, inTenant, lockUntilEnd, type Transaction } from '@millrace/postgres';
import { In, IsNull, LessThan, Not } from 'typeorm';
import { AuditEntryEntity } from '../audit-log/audit-entry.entity';
import { connectionTransaction } from '../compatible-apis/eclipse/connection.store';
import { recoveryTransaction } from '../recoveries/recovery.store';
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
      const row = await tx.findOneBy(EndpointEntity, { tenant, id, runUrls: false });
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
        where: { tenant, runUrls: false, ...(before === null ? {} : { id: LessThan(before) }) },
        order: { id: 'DESC' },
        take: limit,
      });
      return rows.map(fromRow);
    });
  }

  listOf(
    tenant: string,
    contract: string,
    { before = null, offset = 0, limit, ofConnections }: Parameters<EndpointReads['listOf']>[2],
  ): Promise<{ endpoints: StoredEndpoint[]; total: number }> {
    return inTenant(this.database, tenant, async (tx) => {
      const of = { tenant, contract, runUrls: false, ...(ofConnections ? { connectionId: Not(IsNull()) } : {}) };
      const rows = await tx.find(EndpointEntity, {
        where: { ...of, ...(before === null ? {} : { id: LessThan(before) }) },
        order: { id: 'DESC' },
        skip: offset,
        take: limit,
      });
      return { endpoints: rows.map(fromRow), total: await tx.countBy(EndpointEntity, of) };
    });
  }
}

/** What the use cases do inside the writer's transaction. */
export const endpointTransaction = (tx: Transaction, tenant: string): EndpointTransaction => ({
  async countForAdding() {
    await lockUntilEnd(tx, `endpoints of ${tenant}`);
    return tx.countBy(EndpointEntity, { tenant });
  },
  async insert(endpoint) {
    await tx.insert(EndpointEntity, toRow(endpoint));
  },
  async lock(id) {
    const row = await tx.findOne(EndpointEntity, {
      where: { tenant, id, runUrls: false },
      lock: { mode: 'pessimistic_write' },
    });
    return row && fromRow(row);
  },
  async update(endpoint) {
    const { tenant: _tenant, id: _id, ...columns } = toRow(endpoint);
    await tx.update(EndpointEntity, { tenant, id: endpoint.id }, columns);
  },
  async delete(id) {
    await tx.delete(EndpointEntity, { tenant, id });
  },
  async lockOfConnection(connectionId) {
    const rows = await tx.find(EndpointEntity, {
      where: { tenant, connectionId },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    return rows.map(fromRow);
  },
  async lockRunUrls() {
    await lockUntilEnd(tx, `run URLs of ${tenant}`);
    const row = await tx.findOne(EndpointEntity, {
      where: { tenant, runUrls: true },
      lock: { mode: 'pessimistic_write' },
    });
    return row && fromRow(row);
  },
  recoveries: recoveryTransaction(tx, tenant),
  connections: connectionTransaction(tx, tenant),
  audit: auditTransaction(AuditEntryEntity, tx, tenant),
});
