import type { Scope } from '@millrace/protocol';

/** A key as the service keeps it; its text is gone. */
export interface StoredApiKey {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the whole key text, hex. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
}

export interface ApiKeyTransaction {
  /** How many there are; nobody else adds one before this transaction ends. */
  countForAdding(): Promise<number>;
  insert(key: StoredApiKey): Promise<void>;
  /** False when the tenant has no such key. */
  delete(id: string): Promise<boolean>;
}

export interface ApiKeyReads {
  /** By id, those after `after`. */
  list(tenant: string, after: string | null, limit: number): Promise<StoredApiKey[]>;
}
