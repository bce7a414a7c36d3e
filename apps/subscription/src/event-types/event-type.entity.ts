import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An event type that a tenant has described. */
@Entity({ name: 'event_type' })
export class EventTypeEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'event_type_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'event_type_pkey' })
  name: string;

  @Column({ type: 'text' })
  module: string;

  @Column({ type: 'text' })
  description: string;

  /** JSON as text: it goes out as it came in, `\u0000` and half surrogates included, which jsonb would refuse. */
  @Column({ type: 'text', nullable: true })
  schema: string | null;

  @Column({ type: 'text', nullable: true })
  example: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
