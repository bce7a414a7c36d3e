import { DEFAULT_OPTIONS, type Endpoint } from '@millrace/domain';
import type { RecoveryOrder, RecoveryProgress } from '@millrace/protocol';

export const orderOf = (recoveryId: string, more: Partial<RecoveryOrder> = {}): RecoveryOrder => ({
  v: 1,
  recoveryId,
  tenant: 'default',
  endpointId: 'ep_1',
  only: 'missing',
  since: 0,
  until: 2_000_000_000_000,
  eventTypes: null,
  dryRun: false,
  perSecond: 1_000_000,
  wanted: 'run',
  version: 1,
  by: 'key_1',
  createdAt: 1_000,
  ...more,
});

export const progressOf = (
  recoveryId: string,
  state: RecoveryProgress['state'],
  more: Partial<RecoveryProgress> = {},
): RecoveryProgress => ({
  v: 1,
  recoveryId,
  tenant: 'default',
  endpointId: 'ep_1',
  version: 1,
  state,
  counts: { examined: 3, qualified: 2, sent: 1 },
  cursor: { some: 'cursor' },
  error: null,
  at: 1_000,
  ...more,
});

export const endpointOf = (id: string, more: Partial<Endpoint> = {}): Endpoint => ({
  id,
  tenant: 'default',
  version: 1,
  url: 'https://receiver.example/hook',
  eventTypes: ['*'],
  filter: null,
  contract: 'standard',
  headers: {},
  status: 'active',
  statusReason: null,
  timeoutMs: null,
  ordering: 'none',
  rateLimit: null,
  retry: null,
  options: DEFAULT_OPTIONS,
  runUrls: false,
  description: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  secrets: [],
  ...more,
});
