import { type Database, inTenant, lockUntilEnd, type Transaction } from '@millrace/postgres';
import { MoreThan } from 'typeorm';

import { ApiKeyEntity } from './api-key.entity';
import type { ApiKeyReads, ApiKeyTransaction, StoredApiKey } from './api-keys.ports';

export class ApiKeyStore implements ApiKeyReads {
  constructor(private readonly database: Database) {}

  list(tenant: string, after: string | null, limit: number): Promise<StoredApiKey[]> {
    return inTenant(this.database, tenant, (tx) =>
      tx.find(ApiKeyEntity, {
        where: { tenant, ...(after === null ? {} : { id: MoreThan(after) }) },
        order: { id: 'ASC' },
        take: limit,
      }),
    );
  }
}

/** What the use cases do inside the writer's transaction. */
export const apiKeyTransaction = (tx: Transaction, tenant: string): ApiKeyTransaction => ({
  async countForAdding() {
    await lockUntilEnd(tx, `api keys of ${tenant}`);
    return tx.countBy(ApiKeyEntity, { tenant });
  },
  async insert(key) {
    await tx.insert(ApiKeyEntity, { ...key, scopes: [...key.scopes] });
  },
  async delete(id) {
    const { affected } = await tx.delete(ApiKeyEntity, { tenant, id });
    return affected === 1;
  },
});
