import { type AuditEntry, AuditEntryColumns } from '@millrace/postgres';
import type { MachineAuditAction } from '@millrace/protocol';
import { Column, Entity } from 'typeorm';

/** Who changed what machines are read from, or what their signals mean, and who removed one. */
export interface MachineAuditEntry extends AuditEntry<MachineAuditAction> {
  /** Which version it became and what of it is new; never a value of its settings. */
  readonly detail: string;
}

/** Its object is the name of the source, the mapping or the machine. */
@Entity({ name: 'audit_entry' })
export class AuditEntryEntity extends AuditEntryColumns<MachineAuditAction> implements MachineAuditEntry {
  @Column({ type: 'text' })
  detail: string;
}
