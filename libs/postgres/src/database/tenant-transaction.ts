import type { Database, Transaction } from './database';
import { inTransaction } from './transaction';

/**
 * A transaction of one tenant: row level security shows it that tenant's rows and no others, so a query that forgot its
 * tenant finds nothing. The setting ends with the transaction and never reaches the next user of the connection.
 */
export const inTenant = <T>(database: Database, tenant: string, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  inTransaction(database, async (tx) => {
    await tx.query(`SELECT set_config('millrace.tenant', $1, true)`, [tenant]);
    return work(tx);
  });

/**
 * For a migration, of a table with a column `tenant`: without the setting of {@link inTenant} no row is seen and none can
 * be written. FORCE makes that so for the owner of the table as well; only a superuser is exempt.
 */
export const tenantWall = (table: string): string[] => [
  `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
  `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
  `CREATE POLICY ${table}_of_tenant ON ${table} USING (tenant = current_setting('millrace.tenant', true))`,
];
