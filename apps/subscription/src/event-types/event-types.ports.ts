/** An event type that a tenant has described. */
export interface StoredEventType {
  readonly tenant: string;
  readonly name: string;
  readonly module: string;
  readonly description: string;
  /** JSON text. */
  readonly schema: string | null;
  readonly example: string | null;
  readonly createdAt: Date;
}

export interface EventTypeTransaction {
  /** How many there are; nobody else adds one before this transaction ends. */
  countForAdding(): Promise<number>;
  /** False when the tenant has a type of this name. */
  insert(type: StoredEventType): Promise<boolean>;
}

export interface EventTypeReads {
  find(tenant: string, name: string): Promise<StoredEventType | null>;
  /** By name, those after `after`. */
  list(tenant: string, after: string | null, limit: number): Promise<StoredEventType[]>;
}
