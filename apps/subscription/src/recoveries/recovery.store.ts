import { type Database, inTenant, type Transaction } from '@millrace/postgres';
import { In, LessThan } from 'typeorm';
import type { RecoveryReads, RecoveryTransaction } from './recoveries.ports';
import { OPEN_STATES, type Recovery } from './recovery';
import { RecoveryEntity } from './recovery.entity';

const toRow = ({ counts, ...recovery }: Recovery): RecoveryEntity =>
  Object.assign(new RecoveryEntity(), {
    ...recovery,
    ...counts,
    eventTypes: recovery.eventTypes && [...recovery.eventTypes],
    since: new Date(recovery.since),
    until: new Date(recovery.until),
    progressAt: recovery.progressAt === null ? null : new Date(recovery.progressAt),
    createdAt: new Date(recovery.createdAt),
    updatedAt: new Date(recovery.updatedAt),
  });

const fromRow = ({ examined, qualified, sent, ...row }: RecoveryEntity): Recovery => ({
  ...row,
  counts: { examined, qualified, sent },
  since: row.since.getTime(),
  until: row.until.getTime(),
  progressAt: row.progressAt?.getTime() ?? null,
  createdAt: row.createdAt.getTime(),
  updatedAt: row.updatedAt.getTime(),
});

export class RecoveryStore implements RecoveryReads {
  constructor(private readonly database: Database) {}

  find(tenant: string, id: string): Promise<Recovery | null> {
    return inTenant(this.database, tenant, async (tx) => {
      const row = await tx.findOneBy(RecoveryEntity, { tenant, id });
      return row && fromRow(row);
    });
  }

  list(tenant: string, endpointId: string | null, before: string | null, limit: number): Promise<Recovery[]> {
    return inTenant(this.database, tenant, async (tx) => {
      const rows = await tx.find(RecoveryEntity, {
        where: {
          tenant,
          ...(endpointId === null ? {} : { endpointId }),
          ...(before === null ? {} : { id: LessThan(before) }),
        },
        order: { id: 'DESC' },
        take: limit,
      });
      return rows.map(fromRow);
    });
  }
}

/** What the use cases do inside the writer's transaction. */
export const recoveryTransaction = (tx: Transaction, tenant: string): RecoveryTransaction => ({
  async insert(recovery) {
    await tx.insert(RecoveryEntity, toRow(recovery));
  },
  async lock(id) {
    const row = await tx.findOne(RecoveryEntity, { where: { tenant, id }, lock: { mode: 'pessimistic_write' } });
    return row && fromRow(row);
  },
  async lockOpen(endpointId) {
    const rows = await tx.find(RecoveryEntity, {
      where: { tenant, endpointId, state: In([...OPEN_STATES]) },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    return rows.map(fromRow);
  },
  async update(recovery) {
    const { tenant: _tenant, id: _id, ...columns } = toRow(recovery);
    await tx.update(RecoveryEntity, { tenant, id: recovery.id }, columns);
  },
});
