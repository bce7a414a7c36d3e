import type { Endpoint, SealedEndpointSecret } from '@millrace/domain';
import type { EndpointChanges } from '@millrace/protocol';

/** Changes whose URL has been checked and whose secret has been sealed. */
export type AcceptedChanges = Omit<EndpointChanges, 'secret' | 'ordering' | 'rateLimit' | 'retry' | 'startFrom'> & {
  readonly sealedSecret?: SealedEndpointSecret;
};

const at = (endpoint: Endpoint, nowMs: number) => ({
  ...endpoint,
  version: endpoint.version + 1,
  updatedAt: new Date(nowMs).toISOString(),
});

/**
 * The endpoint after a PATCH. A member that is absent stays. A new status is the user's word, so it clears the engine's
 * reason. A secret given here replaces all others at once; rotate-secret is the way with an overlap.
 */
export const applyChanges = (endpoint: Endpoint, changes: AcceptedChanges, nowMs: number): Endpoint => ({
  ...at(endpoint, nowMs),
  url: changes.url ?? endpoint.url,
  eventTypes: changes.eventTypes ?? endpoint.eventTypes,
  contract: changes.contract ?? endpoint.contract,
  headers: changes.headers ?? endpoint.headers,
  filter: changes.filter === undefined ? endpoint.filter : changes.filter,
  description: changes.description === undefined ? endpoint.description : changes.description,
  timeoutMs: changes.timeoutMs === undefined ? endpoint.timeoutMs : changes.timeoutMs,
  ...(changes.status === undefined ? {} : { status: changes.status, statusReason: null }),
  ...(changes.sealedSecret === undefined ? {} : { secrets: [changes.sealedSecret] }),
});

export const withSecrets = (endpoint: Endpoint, secrets: readonly SealedEndpointSecret[], nowMs: number): Endpoint => ({
  ...at(endpoint, nowMs),
  secrets,
});

/**
 * What a receiver's 410 makes of an endpoint: disabled, unless it has changed since the refused request was made (a user
 * who enabled it again must not be overruled by an old fact). Null when there is nothing to do, so a repeat is harmless.
 */
export const disabledBy = (
  endpoint: Endpoint,
  fact: { readonly endpointVersion: number; readonly reason: string },
  nowMs: number,
): Endpoint | null =>
  endpoint.version !== fact.endpointVersion || endpoint.status === 'disabled'
    ? null
    : { ...at(endpoint, nowMs), status: 'disabled', statusReason: fact.reason };
