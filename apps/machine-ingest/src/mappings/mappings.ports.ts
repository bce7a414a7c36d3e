import type { AuditTransaction } from '@millrace/postgres';
import type { MachineAuditEntry } from '../audit-log/audit-entry.entity';

/** A mapping that has versions; `active` is the one in force. */
export interface StoredMapping {
  readonly tenant: string;
  readonly name: string;
  readonly active: number | null;
  readonly latest: number;
  readonly createdAt: Date;
  readonly activatedAt: Date;
}

export interface StoredVersion {
  readonly tenant: string;
  readonly name: string;
  readonly version: number;
  readonly hash: string;
  readonly format: 'yaml' | 'json';
  readonly text: string;
  readonly machines: readonly { readonly machine: string; readonly hash: string }[];
  readonly createdAt: Date;
  /** Id of an API key. */
  readonly createdBy: string;
}

/** A mapping with its version in force. */
export interface ActiveMapping {
  readonly mapping: StoredMapping;
  readonly version: StoredVersion;
}

export interface MappingReads {
  /** Null for one that is not in force. */
  find(tenant: string, name: string): Promise<ActiveMapping | null>;
  /** Those in force, by name, after `after`. */
  list(tenant: string, after: string | null, limit: number): Promise<ActiveMapping[]>;
  /** Newest first. */
  versions(tenant: string, name: string): Promise<StoredVersion[]>;
  version(tenant: string, name: string, version: number): Promise<StoredVersion | null>;
}

export interface MappingTransaction {
  readonly audit: AuditTransaction<MachineAuditEntry>;
  /** Nobody else changes a mapping of the tenant before this transaction ends. */
  lock(): Promise<void>;
  countActive(): Promise<number>;
  /** Also one that is not in force. */
  find(name: string): Promise<StoredMapping | null>;
  version(name: string, version: number): Promise<StoredVersion | null>;
  versionOfHash(name: string, hash: string): Promise<StoredVersion | null>;
  save(mapping: StoredMapping): Promise<void>;
  addVersion(version: StoredVersion): Promise<void>;
  /** Of these machines, those that a mapping reads, with its name. */
  mapped(machines: readonly string[]): Promise<ReadonlyMap<string, string>>;
  machinesOf(name: string): Promise<string[]>;
  /** These machines and no others are read by the mapping. */
  setMachines(name: string, machines: readonly string[]): Promise<void>;
}
