import type { PageQuery } from './page';

export type RecoveryScope = 'failed' | 'missing' | 'all';
export type RecoveryState = 'counting' | 'running' | 'paused' | 'cancelled' | 'done' | 'failed';

export interface RecoveryRequest {
  /** RFC 3339; at most 35 days ago. */
  readonly since: string;
  readonly until?: string | null | undefined;
  readonly eventTypes?: readonly string[] | null | undefined;
  readonly only: RecoveryScope;
  readonly dryRun?: boolean | undefined;
  /** At most so many deliveries a second; 100 unless told. */
  readonly perSecond?: number | undefined;
}

export interface Recovery {
  readonly id: string;
  readonly endpointId: string;
  readonly endpointStatus: 'active' | 'paused' | 'down' | 'disabled' | 'deleted';
  readonly only: RecoveryScope;
  readonly since: string;
  readonly until: string;
  readonly eventTypes: readonly string[] | null;
  readonly dryRun: boolean;
  readonly perSecond: number;
  readonly state: RecoveryState;
  readonly wanted: 'run' | 'pause' | 'cancel';
  /** Complete once `state` is past `counting`. */
  readonly counts: { readonly examined: number; readonly qualified: number; readonly sent: number };
  readonly error: string | null;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface RecoveryQuery extends PageQuery {
  readonly endpointId?: string | undefined;
}
