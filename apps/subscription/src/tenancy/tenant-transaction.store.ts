import { type Database, inTransaction, type Transaction } from '@millrace/postgres';

/**
 * A transaction of one tenant: row level security shows it that tenant's rows and no others, so a query that forgot its
 * tenant finds nothing. The setting ends with the transaction and never reaches the next user of the connection.
 */
export const inTenant = <T>(database: Database, tenant: string, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  inTransaction(database, async (tx) => {
    await tx.query(`SELECT set_config('millrace.tenant', $1, true)`, [tenant]);
    return work(tx);
  });
