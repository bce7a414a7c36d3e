import type { SealedEndpointSecret } from '@millrace/domain';
import type { EndpointChanges } from '@millrace/protocol';
import { MILLRACE, type StoredEndpoint } from './stored-endpoint';

/** Changes whose URL has been checked and whose secret has been sealed. */
export type AcceptedChanges = Omit<EndpointChanges, 'secret' | 'startFrom'> & {
  readonly sealedSecret?: SealedEndpointSecret;
};

const at = (endpoint: StoredEndpoint, nowMs: number) => ({
  ...endpoint,
  version: endpoint.version + 1,
  updatedAt: new Date(nowMs).toISOString(),
});

/** A member that is absent stays; null is a value. */
const given = <T>(change: T | undefined, held: T): T => (change === undefined ? held : change);

/**
 * The endpoint after a PATCH by the API key `by`. A status is the user's word, so it clears the engine's reason; since when
 * and by whom it has it stays when it had it before. A secret given here replaces all others at once; rotate-secret is the
 * way with an overlap.
 */
export const applyChanges = (
  endpoint: StoredEndpoint,
  changes: AcceptedChanges,
  nowMs: number,
  by: string,
): StoredEndpoint => ({
  ...at(endpoint, nowMs),
  url: given(changes.url, endpoint.url),
  eventTypes: given(changes.eventTypes, endpoint.eventTypes as string[]),
  contract: given(changes.contract, endpoint.contract),
  headers: given(changes.headers, endpoint.headers),
  filter: given(changes.filter, endpoint.filter),
  description: given(changes.description, endpoint.description),
  timeoutMs: given(changes.timeoutMs, endpoint.timeoutMs),
  ordering: given(changes.ordering, endpoint.ordering),
  rateLimit: given(changes.rateLimit, endpoint.rateLimit),
  retry: changes.retry === undefined ? endpoint.retry : changes.retry,
  options: { ...endpoint.options, ...changes.options },
  ...(changes.status === undefined ? {} : { status: changes.status, statusReason: null }),
  ...(changes.status === undefined || changes.status === endpoint.status
    ? {}
    : { statusSince: new Date(nowMs).toISOString(), statusBy: by }),
  ...(changes.sealedSecret === undefined ? {} : { secrets: [changes.sealedSecret] }),
});

export const withSecrets = (
  endpoint: StoredEndpoint,
  secrets: readonly SealedEndpointSecret[],
  nowMs: number,
): StoredEndpoint => ({
  ...at(endpoint, nowMs),
  secrets,
});

/**
 * What the engine's decision makes of an endpoint: disabled, unless it has changed since the requests that led to it (a user
 * who enabled it again must not be overruled by an old fact). Null when there is nothing to do, so a repeat is harmless.
 */
export const disabledBy = (
  endpoint: StoredEndpoint,
  fact: { readonly endpointVersion: number; readonly reason: string },
  nowMs: number,
): StoredEndpoint | null =>
  endpoint.version !== fact.endpointVersion || endpoint.status === 'disabled'
    ? null
    : {
        ...at(endpoint, nowMs),
        status: 'disabled',
        statusReason: fact.reason,
        statusSince: new Date(nowMs).toISOString(),
        statusBy: MILLRACE,
      };
