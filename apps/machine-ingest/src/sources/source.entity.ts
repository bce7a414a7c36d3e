import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One source; the topic `sources` holds the same state. */
@Entity({ name: 'source' })
export class SourceEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'source_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'source_pkey' })
  name: string;

  @Column({ type: 'text' })
  type: string;

  @Column({ type: 'boolean' })
  enabled: boolean;

  @Column({ type: 'int' })
  version: number;

  /** JSON as text, secrets sealed: it goes out as it came in, which jsonb would not do with every text. */
  @Column({ type: 'text' })
  settings: string;

  @Column({ type: 'boolean' })
  tried: boolean;

  /** Digest of what it has alone of its peer; null where it has nothing alone, and as an earlier release stored it. */
  @Column({ type: 'text', nullable: true })
  @Index('source_claim', { unique: true })
  claim: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
