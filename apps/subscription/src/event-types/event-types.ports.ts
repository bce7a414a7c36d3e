import type { EventValidation } from '@millrace/protocol';

/** An event type that a tenant has described. */
export interface StoredEventType {
  readonly tenant: string;
  readonly name: string;
  readonly module: string;
  readonly description: string;
  /** JSON text, of the latest version. */
  readonly schema: string | null;
  readonly example: string | null;
  readonly createdAt: Date;
  /** The latest. */
  readonly version: number;
}

export interface StoredVersion {
  readonly name: string;
  readonly version: number;
  /** JSON text. */
  readonly schema: string | null;
  /** It was taken although it is not compatible with the one before. */
  readonly breaking: boolean;
  readonly createdAt: Date;
}

export interface EventTypeReads {
  find(tenant: string, name: string): Promise<StoredEventType | null>;
  /** By name, those after `after`. */
  list(tenant: string, after: string | null, limit: number): Promise<StoredEventType[]>;
  /** Of some types, by name and number. */
  versions(tenant: string, names: readonly string[]): Promise<StoredVersion[]>;
  /** Of some types; a type that is not there is off. */
  validations(tenant: string, names: readonly string[]): Promise<ReadonlyMap<string, EventValidation>>;
}

export interface EventTypeTransaction {
  /** Nobody else changes a type of the tenant before this transaction ends. */
  lock(): Promise<void>;
  count(): Promise<number>;
  find(name: string): Promise<StoredEventType | null>;
  versions(name: string): Promise<StoredVersion[]>;
  validation(name: string): Promise<EventValidation>;
  /** Types whose validation is on. */
  countValidated(): Promise<number>;
  /** Adds it, or puts it in the place of the one of its name. */
  save(type: StoredEventType): Promise<void>;
  addVersion(version: StoredVersion): Promise<void>;
  setValidation(name: string, validation: EventValidation): Promise<void>;
}
