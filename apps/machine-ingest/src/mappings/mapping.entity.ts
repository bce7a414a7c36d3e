import { Column, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** A mapping by its name; without a row in force its versions stay, since signals and states name them. */
@Entity({ name: 'mapping' })
export class MappingEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'mapping_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'mapping_pkey' })
  name: string;

  /** Version in force; null when it was deleted. */
  @Column({ type: 'int', nullable: true })
  active: number | null;

  /** Highest version that there is. */
  @Column({ type: 'int' })
  latest: number;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'activated_at', type: 'timestamptz' })
  activatedAt: Date;
}

@Entity({ name: 'mapping_version' })
@Unique('mapping_version_hash', ['tenant', 'name', 'hash'])
export class MappingVersionEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'mapping_version_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'mapping_version_pkey' })
  name: string;

  @PrimaryColumn({ type: 'int', primaryKeyConstraintName: 'mapping_version_pkey' })
  version: number;

  /** Of the document; unique within the name. */
  @Column({ type: 'text' })
  hash: string;

  @Column({ type: 'text' })
  format: 'yaml' | 'json';

  /** As it was sent. */
  @Column({ type: 'text' })
  text: string;

  /** Machines with the hashes of their compiled mappings. */
  @Column({ type: 'json' })
  machines: readonly { readonly machine: string; readonly hash: string }[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'created_by', type: 'text' })
  createdBy: string;
}

/** Which mapping reads a machine; a machine has one. */
@Entity({ name: 'mapped_machine' })
@Index('mapped_machine_of_mapping', ['tenant', 'mapping'])
export class MappedMachineEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'mapped_machine_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'mapped_machine_pkey' })
  machine: string;

  @Column({ type: 'text', collation: 'C' })
  mapping: string;
}
