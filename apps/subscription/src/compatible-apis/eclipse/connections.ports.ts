export interface StoredConnection {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly baseUrl: string;
  /** Bearer token, sealed for this connection. */
  readonly token: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Connections of one tenant, inside a transaction. */
export interface ConnectionTransaction {
  count(): Promise<number>;
  insert(connection: StoredConnection): Promise<void>;
  /** Locked until the transaction ends. */
  lock(id: string): Promise<StoredConnection | null>;
  update(connection: StoredConnection): Promise<void>;
  delete(id: string): Promise<void>;
}

export interface ConnectionReads {
  find(tenant: string, id: string): Promise<StoredConnection | null>;
  /** Newest first, those made before `before`. */
  list(tenant: string, before: string | null, limit: number): Promise<StoredConnection[]>;
}
