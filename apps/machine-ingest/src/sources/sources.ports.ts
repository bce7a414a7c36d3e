import type { AuditTransaction } from '@millrace/postgres';
import type { MachineAuditEntry } from '../audit-log/audit-entry.entity';
import type { SourceSettings } from './source-settings';

/** A source as it is configured. */
export interface StoredSource {
  readonly tenant: string;
  readonly name: string;
  readonly type: string;
  readonly enabled: boolean;
  /** Rises with every change. */
  readonly version: number;
  /** Secrets sealed. */
  readonly settings: SourceSettings;
  /** These settings have connected once. */
  readonly tried: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface SourceReads {
  find(tenant: string, name: string): Promise<StoredSource | null>;
  /** By name, those after `after`. */
  list(tenant: string, after: string | null, limit: number): Promise<StoredSource[]>;
}

export interface SourceTransaction {
  readonly audit: AuditTransaction<MachineAuditEntry>;
  /** Nobody else changes a source of the tenant before this transaction ends. */
  lock(): Promise<void>;
  count(): Promise<number>;
  find(name: string): Promise<StoredSource | null>;
  /** Adds it, or puts it in the place of the one of its name. */
  save(source: StoredSource): Promise<void>;
  delete(name: string): Promise<void>;
}
