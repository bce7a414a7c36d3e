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
  /** Digest of what it has alone of its peer (SourceKind.alone); null where it has nothing alone. */
  readonly claim: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface SourceReads {
  find(tenant: string, name: string): Promise<StoredSource | null>;
  /** By name, those after `after`. */
  list(tenant: string, after: string | null, limit: number): Promise<StoredSource[]>;
}

/** Another source of the site has the same alone, and was saved after it had been looked for. */
export class ClaimTaken extends Error {
  override readonly name = 'ClaimTaken';
}

export interface SourceTransaction {
  readonly audit: AuditTransaction<MachineAuditEntry>;
  /** Nobody else changes a source of the tenant before this transaction ends. */
  lock(): Promise<void>;
  /** All of the tenant, by name. */
  list(): Promise<StoredSource[]>;
  find(name: string): Promise<StoredSource | null>;
  /** Adds it, or puts it in the place of the one of its name. Throws ClaimTaken. */
  save(source: StoredSource): Promise<void>;
  delete(name: string): Promise<void>;
}
