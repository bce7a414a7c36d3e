import { Column, PrimaryColumn } from 'typeorm';

/** What every audit log says of something that has to be answered for. */
export interface AuditEntry<Action extends string = string> {
  /** Sorts by time. */
  readonly id: string;
  readonly at: Date;
  /** Id of the API key. */
  readonly actor: string;
  readonly action: Action;
  /** Id or name of what it was done to. */
  readonly object: string;
}

/**
 * The columns of an entry. The entity of a service extends them: it names the table and the actions, and has what else its
 * entries say. Rows are never changed and never deleted: the tables refuse it.
 */
export abstract class AuditEntryColumns<Action extends string = string> implements AuditEntry<Action> {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'audit_entry_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'audit_entry_pkey' })
  id: string;

  @Column({ type: 'timestamptz' })
  at: Date;

  @Column({ type: 'text' })
  actor: string;

  @Column({ type: 'text' })
  action: Action;

  @Column({ type: 'text' })
  object: string;
}
