import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An API connection of Eclipse Pro: where its exports go, and what they show there. */
@Entity({ name: 'connection' })
export class ConnectionEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'connection_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'connection_pkey' })
  id: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ name: 'base_url', type: 'text' })
  baseUrl: string;

  /** Bearer token, sealed. */
  @Column({ type: 'text', nullable: true })
  token: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
