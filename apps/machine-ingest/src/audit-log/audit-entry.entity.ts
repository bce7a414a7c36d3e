import type { MachineAuditAction } from '@millrace/protocol';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Who changed what machines are read from, or what their signals mean. Never changed and never deleted: the table refuses it. */
@Entity({ name: 'audit_entry' })
export class AuditEntryEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'audit_entry_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'audit_entry_pkey' })
  id: string;

  @Column({ type: 'timestamptz' })
  at: Date;

  /** Id of the API key. */
  @Column({ type: 'text' })
  actor: string;

  @Column({ type: 'text' })
  action: MachineAuditAction;

  /** Name of the source or the mapping. */
  @Column({ type: 'text' })
  object: string;

  /** Which version it became and what of it is new; never a value of its settings. */
  @Column({ type: 'text' })
  detail: string;
}
