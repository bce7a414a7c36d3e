import type { Transaction } from './database';

/**
 * Waits for the lock of this name and holds it until the transaction ends: for what is counted, looked for or numbered before
 * it is written. Names are those of the whole database, so they say whose and what.
 */
export const lockUntilEnd = async (tx: Transaction, name: string): Promise<void> => {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
};
