import type { Database, Transaction } from './database';
import { isRetriableConflict } from './database-errors';

/**
 * Runs `work` in one transaction (READ COMMITTED), and again, up to three times, when PostgreSQL ended it because of a
 * deadlock or a serialisation failure. `work` must therefore touch nothing but the database.
 */
export const inTransaction = async <T>(database: Database, work: (tx: Transaction) => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await database.transaction(work);
    } catch (error) {
      if (attempt >= 3 || !isRetriableConflict(error)) throw error;
    }
  }
};
