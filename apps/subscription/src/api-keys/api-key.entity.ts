import type { Scope } from '@millrace/protocol';
import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

/** One API key that is not revoked; the topic `api-keys` holds the same. The key's text is nowhere. */
@Entity({ name: 'api_key' })
@Unique('api_key_id_is_global', ['id'])
export class ApiKeyEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'api_key_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'api_key_pkey' })
  id: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  sha256: string;

  @Column({ type: 'text', array: true })
  scopes: Scope[];

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
