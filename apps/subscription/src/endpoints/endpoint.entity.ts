import type {
  EndpointOptions,
  EndpointStatus,
  Filter,
  Ordering,
  RateLimit,
  RetryPolicy,
  SealedEndpointSecret,
} from '@millrace/domain';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** One endpoint; the topic `endpoints` holds the same state. */
@Entity({ name: 'endpoint' })
@Index('endpoint_of_connection', ['tenant', 'connectionId'], { where: 'connection_id IS NOT NULL' })
export class EndpointEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'endpoint_pkey' })
  tenant: string;

  @PrimaryColumn({ type: 'text', collation: 'C', primaryKeyConstraintName: 'endpoint_pkey' })
  id: string;

  @Column({ type: 'int' })
  version: number;

  @Column({ type: 'text' })
  url: string;

  @Column({ name: 'event_types', type: 'text', array: true })
  eventTypes: string[];

  @Column({ type: 'json', nullable: true })
  filter: Filter | null;

  @Column({ type: 'text' })
  contract: string;

  /** The values are sealed. */
  @Column({ type: 'json' })
  headers: { readonly [name: string]: string };

  @Column({ type: 'text' })
  status: EndpointStatus;

  @Column({ name: 'status_reason', type: 'text', nullable: true })
  statusReason: string | null;

  /** When it came into its status, and through whom: an API key's id or `millrace`. */
  @Column({ name: 'status_since', type: 'timestamptz', default: () => 'now()' })
  statusSince: Date;

  @Column({ name: 'status_by', type: 'text', nullable: true })
  statusBy: string | null;

  @Column({ name: 'timeout_ms', type: 'int', nullable: true })
  timeoutMs: number | null;

  @Column({ type: 'text', default: 'none' })
  ordering: Ordering;

  @Column({ name: 'rate_limit', type: 'json', nullable: true })
  rateLimit: RateLimit | null;

  /** As the domain has it, in ms. */
  @Column({ type: 'json', nullable: true })
  retry: RetryPolicy | null;

  /** Those that are not as they are by default. */
  @Column({ type: 'json', default: {} })
  options: Partial<EndpointOptions>;

  /** It stands for the URLs that events bring themselves. */
  @Column({ name: 'run_urls', type: 'boolean', default: false })
  runUrls: boolean;

  /** The API connection that an export configuration sends to. */
  @Column({ name: 'connection_id', type: 'text', collation: 'C', nullable: true })
  connectionId: string | null;

  @Column({ type: 'text', nullable: true })
  description: string | null;

  /** Sealed, newest first. */
  @Column({ type: 'json' })
  secrets: readonly SealedEndpointSecret[];

  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
