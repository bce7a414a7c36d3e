import { hiddenHeaders } from '@millrace/domain';
import type { EndpointView } from '@millrace/protocol';
import type { EndpointCondition } from './endpoint-condition';
import { MILLRACE, type StoredEndpoint } from './stored-endpoint';

/** Status, why, since when and by whom: the user's word comes before what the engine sees. */
export const statusOf = (
  endpoint: StoredEndpoint,
  condition: EndpointCondition | null,
): Pick<EndpointView, 'status' | 'statusReason' | 'statusSince' | 'statusBy' | 'nextProbeAt'> => {
  const down = endpoint.status === 'active' ? (condition?.down ?? null) : null;
  const recoveredAt = endpoint.status === 'active' ? (condition?.recoveredAt ?? null) : null;
  const cameBack = recoveredAt !== null && recoveredAt > Date.parse(endpoint.statusSince);
  return down === null
    ? {
        status: endpoint.status,
        statusReason: endpoint.statusReason,
        statusSince: cameBack ? new Date(recoveredAt).toISOString() : endpoint.statusSince,
        statusBy: cameBack ? MILLRACE : endpoint.statusBy,
        nextProbeAt: null,
      }
    : {
        status: 'down',
        statusReason: down.reason,
        statusSince: new Date(down.since).toISOString(),
        statusBy: MILLRACE,
        nextProbeAt: new Date(down.nextProbeAt).toISOString(),
      };
};

/** What the API shows of an endpoint: each member by name, so that a new one (a secret, say) is never shown by accident. */
export const viewOfEndpoint = (endpoint: StoredEndpoint, condition: EndpointCondition | null): EndpointView => ({
  id: endpoint.id,
  url: endpoint.url,
  eventTypes: [...endpoint.eventTypes],
  contract: endpoint.contract,
  ...statusOf(endpoint, condition),
  parked: condition?.parked ?? 0,
  filter: endpoint.filter,
  description: endpoint.description,
  headers: { ...hiddenHeaders(endpoint.headers) },
  timeoutMs: endpoint.timeoutMs,
  ordering: endpoint.ordering,
  rateLimit: endpoint.rateLimit && { perSecond: endpoint.rateLimit.perSecond, burst: endpoint.rateLimit.burst },
  retry: endpoint.retry && {
    delaysSeconds: endpoint.retry.delaysMs.map((delay) => delay / 1000),
    jitter: endpoint.retry.jitter,
  },
  options: { ...endpoint.options },
  version: endpoint.version,
  createdAt: endpoint.createdAt,
  updatedAt: endpoint.updatedAt,
});
