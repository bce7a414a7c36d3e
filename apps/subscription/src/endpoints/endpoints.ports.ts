import type { EncryptionKey, Endpoint } from '@millrace/domain';
import type { TopicNames } from '@millrace/protocol';
import type { Logger } from '@millrace/telemetry';
import type { Randomness } from './endpoint-secrets';

/** What a use case does to the endpoints of one tenant, inside a transaction. */
export interface EndpointTransaction {
  /** How many there are; nobody else adds one before this transaction ends. */
  countForAdding(): Promise<number>;
  insert(endpoint: Endpoint): Promise<void>;
  /** Locked until the transaction ends, so that versions grow one by one. */
  lock(id: string): Promise<Endpoint | null>;
  update(endpoint: Endpoint): Promise<void>;
  delete(id: string): Promise<void>;
}

export interface EndpointReads {
  find(tenant: string, id: string): Promise<Endpoint | null>;
  /** Newest first, those made before `before`. */
  list(tenant: string, before: string | null, limit: number): Promise<Endpoint[]>;
}

/** Judges a URL by this deployment's policy; gives the normalised form. Throws Refused. */
export type UrlCheck = (url: string) => string;

/** What the endpoint use cases share besides storage. */
export interface EndpointTools {
  readonly topics: Pick<TopicNames, 'endpoints' | 'deliveries' | 'deliveryLog'>;
  readonly encryptionKey: EncryptionKey;
  readonly random: Randomness;
  /** Unix ms. */
  readonly now: () => number;
  readonly checkUrl: UrlCheck;
  readonly endpointsPerTenant: number;
  readonly timeScale: number;
  readonly logger: Logger;
}
