import type { RecoveryOrder, RecoveryProgress, RecoveryScope, RecoveryState } from '@millrace/protocol';

/** A recovery job: what was asked of it, and how far it is. Times in Unix ms. */
export interface Recovery {
  readonly tenant: string;
  readonly id: string;
  readonly endpointId: string;
  readonly only: RecoveryScope;
  readonly since: number;
  readonly until: number;
  readonly eventTypes: readonly string[] | null;
  readonly dryRun: boolean;
  readonly perSecond: number;
  readonly wanted: RecoveryOrder['wanted'];
  /** Of the order; grows with every change of `wanted`. */
  readonly version: number;
  readonly state: RecoveryState;
  readonly counts: RecoveryProgress['counts'];
  readonly error: string | null;
  /** Version of the order that the latest progress followed, and its time; 0 and null before the first. */
  readonly progressVersion: number;
  readonly progressAt: number | null;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type AskedRecovery = Pick<
  Recovery,
  | 'tenant'
  | 'id'
  | 'endpointId'
  | 'only'
  | 'since'
  | 'until'
  | 'eventTypes'
  | 'dryRun'
  | 'perSecond'
  | 'createdBy'
  | 'createdAt'
>;

export const newRecovery = (asked: AskedRecovery): Recovery => ({
  ...asked,
  wanted: 'run',
  version: 1,
  state: 'counting',
  counts: { examined: 0, qualified: 0, sent: 0 },
  error: null,
  progressVersion: 0,
  progressAt: null,
  updatedAt: asked.createdAt,
});

const ENDED: readonly RecoveryState[] = ['cancelled', 'done', 'failed'];
export const OPEN_STATES: readonly RecoveryState[] = ['counting', 'running', 'paused'];

export const hasEnded = ({ state }: Pick<Recovery, 'state'>): boolean => ENDED.includes(state);

export const orderOf = (recovery: Recovery): RecoveryOrder => ({
  v: 1,
  recoveryId: recovery.id,
  tenant: recovery.tenant,
  endpointId: recovery.endpointId,
  only: recovery.only,
  since: recovery.since,
  until: recovery.until,
  eventTypes: recovery.eventTypes,
  dryRun: recovery.dryRun,
  perSecond: recovery.perSecond,
  wanted: recovery.wanted,
  version: recovery.version,
  by: recovery.createdBy,
  createdAt: recovery.createdAt,
});

export type Steering = 'cancel' | 'pause' | 'resume';

const WANTED: { readonly [action in Steering]: Recovery['wanted'] } = {
  cancel: 'cancel',
  pause: 'pause',
  resume: 'run',
};

export type Steered =
  | { readonly kind: 'changed'; readonly recovery: Recovery }
  /** It is what was asked for, or on its way there. */
  | { readonly kind: 'same' }
  /** One sentence. */
  | { readonly kind: 'refused'; readonly detail: string };

/** What a user's word makes of a job. To cancel is final, from the moment it was asked for. */
export const steer = (recovery: Recovery, action: Steering, nowMs: number): Steered => {
  const wanted = WANTED[action];
  if (action === 'cancel' && recovery.state === 'cancelled') return { kind: 'same' };
  if (hasEnded(recovery))
    return { kind: 'refused', detail: `The recovery has ended (${recovery.state}); start another one.` };
  if (recovery.wanted === wanted) return { kind: 'same' };
  if (recovery.wanted === 'cancel')
    return { kind: 'refused', detail: 'The recovery is being cancelled; start another one.' };
  return {
    kind: 'changed',
    recovery: { ...recovery, wanted, version: recovery.version + 1, updatedAt: nowMs },
  };
};

/**
 * The job after a word of progress, or null when it says nothing new. The same record may come again, and one from an owner
 * that has lost the endpoint may come late: what follows a newer version of the order wins, then what was said later. An
 * end is an end.
 */
export const afterProgress = (recovery: Recovery, progress: RecoveryProgress): Recovery | null => {
  const { version, at } = progress;
  const older =
    version < recovery.progressVersion ||
    (version === recovery.progressVersion && at < (recovery.progressAt ?? Number.NEGATIVE_INFINITY));
  const undoesAnEnd = hasEnded(recovery) && !hasEnded(progress);
  if (older || undoesAnEnd) return null;
  return {
    ...recovery,
    state: progress.state,
    counts: {
      examined: progress.counts.examined,
      qualified: progress.counts.qualified,
      sent: progress.counts.sent,
    },
    error: progress.error,
    progressVersion: version,
    progressAt: at,
    updatedAt: Math.max(recovery.updatedAt, at),
  };
};
