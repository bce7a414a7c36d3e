import type { EncryptionKey } from '@millrace/domain';
import type { AuditEntry, AuditTransaction } from '@millrace/postgres';
import type { TopicNames } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { AuditAction } from '../audit-log/audit-entry.entity';
import type { ConnectionTransaction } from '../compatible-apis/eclipse/connections.ports';
import type { RecoveryTransaction } from '../recoveries/recoveries.ports';
import type { EndpointCondition } from './endpoint-condition';
import type { Randomness } from './endpoint-secrets';
import type { StoredEndpoint } from './stored-endpoint';

/** What a use case does to the endpoints of one tenant, inside a transaction. */
export interface EndpointTransaction {
  /** How many there are; nobody else adds one before this transaction ends. */
  countForAdding(): Promise<number>;
  insert(endpoint: StoredEndpoint): Promise<void>;
  /** Locked until the transaction ends, so that versions grow one by one. */
  lock(id: string): Promise<StoredEndpoint | null>;
  update(endpoint: StoredEndpoint): Promise<void>;
  delete(id: string): Promise<void>;
  /** Those of the export configurations that send to a connection, locked. */
  lockOfConnection(connectionId: string): Promise<StoredEndpoint[]>;
  /** The one that stands for run URLs, locked. */
  lockRunUrls(): Promise<StoredEndpoint | null>;
  /** Of the same tenant, in the same transaction. */
  readonly recoveries: RecoveryTransaction;
  readonly connections: ConnectionTransaction;
  readonly audit: AuditTransaction<AuditEntry<AuditAction>>;
}

export interface EndpointReads {
  find(tenant: string, id: string): Promise<StoredEndpoint | null>;
  /** Those that exist, in any order. */
  findMany(tenant: string, ids: readonly string[]): Promise<StoredEndpoint[]>;
  /** Newest first, those made before `before`. */
  list(tenant: string, before: string | null, limit: number): Promise<StoredEndpoint[]>;
  /** Of one contract, newest first, with how many there are. */
  listOf(
    tenant: string,
    contract: string,
    page: {
      readonly before?: string | null;
      readonly offset?: number;
      readonly limit: number;
      /** Those of export configurations alone. */
      readonly ofConnections?: true;
    },
  ): Promise<{ readonly endpoints: StoredEndpoint[]; readonly total: number }>;
}

/** Judges a URL by this deployment's policy; gives the normalised form. Throws Refused. */
export type UrlCheck = (url: string) => string;

/** What the endpoint use cases share besides storage. */
export interface EndpointTools {
  readonly topics: Pick<TopicNames, 'endpoints' | 'recoveries' | 'deliveries' | 'deliveryLog'>;
  readonly encryptionKey: EncryptionKey;
  readonly random: Randomness;
  /** Unix ms. */
  readonly now: () => number;
  readonly checkUrl: UrlCheck;
  readonly conditionOf: (endpointId: string) => EndpointCondition | null;
  readonly endpointsPerTenant: number;
  readonly timeScale: number;
  readonly logger: Logger;
}
