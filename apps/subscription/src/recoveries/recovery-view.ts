import type { RecoveryView } from '@millrace/protocol';
import type { Recovery } from './recovery';

const time = (ms: number): string => new Date(ms).toISOString();

/** What the API shows of a job, each member by name. */
export const viewOfRecovery = (recovery: Recovery, endpointStatus: RecoveryView['endpointStatus']): RecoveryView => ({
  id: recovery.id,
  endpointId: recovery.endpointId,
  endpointStatus,
  only: recovery.only,
  since: time(recovery.since),
  until: time(recovery.until),
  eventTypes: recovery.eventTypes && [...recovery.eventTypes],
  dryRun: recovery.dryRun,
  perSecond: recovery.perSecond,
  state: recovery.state,
  wanted: recovery.wanted,
  counts: recovery.counts,
  error: recovery.error,
  createdBy: recovery.createdBy,
  createdAt: time(recovery.createdAt),
  updatedAt: time(recovery.updatedAt),
});
