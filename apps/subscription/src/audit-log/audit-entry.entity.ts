import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Who did something that has to be answered for. Never changed and never deleted: the table refuses it. */
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
  action: AuditAction;

  /** Id of what it was done to. */
  @Column({ type: 'text' })
  object: string;
}

export type AuditAction = 'secret.revealed';
