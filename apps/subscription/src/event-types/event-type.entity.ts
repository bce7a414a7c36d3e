import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An event type that a tenant has described, with the schema of its latest version. */
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

  /** Of the schema, from 1. */
  @Column({ type: 'integer', default: 1 })
  version: number;
}

/** One version of a type's schema. */
@Entity({ name: 'event_type_version' })
export class EventTypeVersionEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'event_type_version_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'event_type_version_pkey' })
  name: string;

  @PrimaryColumn({ type: 'integer', primaryKeyConstraintName: 'event_type_version_pkey' })
  version: number;

  @Column({ type: 'text', nullable: true })
  schema: string | null;

  /** It was taken although it is not compatible with the one before. */
  @Column({ type: 'boolean' })
  breaking: boolean;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}

/** What a tenant has set for a type, built in or its own; a type without a row is not validated. */
@Entity({ name: 'event_validation' })
export class EventValidationEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'event_validation_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'event_validation_pkey' })
  name: string;

  /** `off`, `warn` or `reject`. */
  @Column({ type: 'text' })
  validation: string;
}
