import type { RecoveryOrder, RecoveryScope, RecoveryState } from '@millrace/protocol';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** The driver gives a bigint as text; ours stay far below 2^53. */
const count = { type: 'bigint', transformer: { to: (value: number) => value, from: Number } } as const;

/** One recovery job; the topic `recoveries` holds its order, `recovery-progress` where it came from since. */
@Entity({ name: 'recovery' })
@Index('recovery_of_endpoint', ['tenant', 'endpointId', 'id'])
export class RecoveryEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'recovery_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'recovery_pkey' })
  id: string;

  @Column({ name: 'endpoint_id', type: 'text', collation: 'C' })
  endpointId: string;

  /** ONLY is a word of SQL. */
  @Column({ name: 'scope', type: 'text' })
  only: RecoveryScope;

  @Column({ type: 'timestamptz' })
  since: Date;

  @Column({ type: 'timestamptz' })
  until: Date;

  @Column({ name: 'event_types', type: 'text', array: true, nullable: true })
  eventTypes: string[] | null;

  @Column({ name: 'dry_run', type: 'boolean' })
  dryRun: boolean;

  @Column({ name: 'per_second', type: 'double precision' })
  perSecond: number;

  @Column({ type: 'text' })
  wanted: RecoveryOrder['wanted'];

  @Column({ type: 'int' })
  version: number;

  @Column({ type: 'text' })
  state: RecoveryState;

  @Column(count)
  examined: number;

  @Column(count)
  qualified: number;

  @Column(count)
  sent: number;

  @Column({ type: 'text', nullable: true })
  error: string | null;

  @Column({ name: 'progress_version', type: 'int' })
  progressVersion: number;

  @Column({ name: 'progress_at', type: 'timestamptz', nullable: true })
  progressAt: Date | null;

  @Column({ name: 'created_by', type: 'text' })
  createdBy: string;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
