import type { Recovery } from './recovery';

/** What a use case does to the recovery jobs of one tenant, inside a transaction. */
export interface RecoveryTransaction {
  insert(recovery: Recovery): Promise<void>;
  /** Locked until the transaction ends. */
  lock(id: string): Promise<Recovery | null>;
  /** Those of an endpoint that have not ended, locked. */
  lockOpen(endpointId: string): Promise<Recovery[]>;
  update(recovery: Recovery): Promise<void>;
}

export interface RecoveryReads {
  find(tenant: string, id: string): Promise<Recovery | null>;
  /** Newest first, those made before `before`; of one endpoint or of all. */
  list(tenant: string, endpointId: string | null, before: string | null, limit: number): Promise<Recovery[]>;
}
