import type { Endpoint } from '@millrace/domain';
import type { EndpointView } from '@millrace/protocol';

/** What the API shows of an endpoint: each member by name, so that a new one (a secret, say) is never shown by accident. */
export const viewOfEndpoint = (endpoint: Endpoint): EndpointView => ({
  id: endpoint.id,
  url: endpoint.url,
  eventTypes: [...endpoint.eventTypes],
  contract: endpoint.contract,
  status: endpoint.status,
  statusReason: endpoint.statusReason,
  filter: endpoint.filter,
  description: endpoint.description,
  headers: endpoint.headers,
  timeoutMs: endpoint.timeoutMs,
  version: endpoint.version,
  createdAt: endpoint.createdAt,
  updatedAt: endpoint.updatedAt,
});
