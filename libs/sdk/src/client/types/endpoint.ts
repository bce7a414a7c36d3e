import type { Filter } from './filter';

export type Ordering = 'none' | 'key' | 'strict';
export type EndpointStatus = 'active' | 'paused' | 'down' | 'disabled';

/** What an endpoint may choose about its deliveries beyond what its contract fixes; each contract has some of them. */
export interface EndpointOptions {
  /** The three headers of Standard Webhooks beside those of another contract. */
  readonly standardHeaders: boolean;
  /** The header `traceparent`. */
  readonly traceContext: boolean;
  /** How `X-Webhook-Signature` of `nentropy` is written. */
  readonly signatureFormat: 'hex' | 'sha256_hex' | 'base64';
  /** `integrationId` of events whose data has none (`nentropy`). */
  readonly integrationId: string | null;
  /** What counts towards being disabled (`nentropy`). */
  readonly disableCounts: 'deliveries' | 'attempts';
}

/** What a user sets about an endpoint; docs/operating.md has the limits of each. */
export interface EndpointSettings {
  /** Where deliveries are POSTed to. */
  readonly url: string;
  /** Types, prefixes with all below them (`machine.*`), or `*`. */
  readonly eventTypes: readonly string[];
  readonly filter?: Filter | null | undefined;
  readonly description?: string | null | undefined;
  /** Sent with every request. */
  readonly headers?: { readonly [name: string]: string } | undefined;
  readonly timeoutMs?: number | null | undefined;
  readonly contract?: string | undefined;
  readonly ordering?: Ordering | undefined;
  readonly rateLimit?: { readonly perSecond: number; readonly burst?: number | undefined } | null | undefined;
  /** The wait before each retry; `[]` for none. */
  readonly retry?:
    | { readonly delaysSeconds: readonly number[]; readonly jitter?: number | undefined }
    | null
    | undefined;
  readonly options?: { readonly [name in keyof EndpointOptions]?: EndpointOptions[name] | undefined } | undefined;
}

export interface NewEndpoint extends EndpointSettings {
  /** `now`, or an RFC 3339 time of the last 35 days: the matching events since then are delivered too. */
  readonly startFrom?: string | null | undefined;
  /** Leave it out and Millrace makes one. */
  readonly secret?: string | undefined;
}

/** What is left out stays as it is. */
export interface EndpointChanges extends Partial<EndpointSettings> {
  readonly secret?: string | undefined;
  readonly startFrom?: 'now' | null | undefined;
  readonly status?: 'active' | 'paused' | undefined;
}

export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly contract: string;
  readonly status: EndpointStatus;
  readonly statusReason: string | null;
  readonly statusSince: string;
  readonly statusBy: string | null;
  /** Deliveries that wait for it, seconds ago. */
  readonly parked: number;
  readonly nextProbeAt: string | null;
  readonly filter: Filter | null;
  readonly description: string | null;
  readonly headers: { readonly [name: string]: string };
  readonly timeoutMs: number | null;
  readonly ordering: Ordering;
  readonly rateLimit: { readonly perSecond: number; readonly burst: number } | null;
  readonly retry: { readonly delaysSeconds: readonly number[]; readonly jitter: number } | null;
  readonly options: EndpointOptions;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface CreatedEndpoint extends Endpoint {
  /** Shown here and never again. */
  readonly secret: string;
  /** The recovery that delivers the events of the past; null when it begins now. */
  readonly startFrom: { readonly recoveryId: string; readonly since: string } | null;
}

export interface ChangedEndpoint extends Endpoint {
  /** The call that sends again what may have failed before it became active; null otherwise. */
  readonly recovery: {
    readonly suggested: { readonly only: 'failed'; readonly since: string };
    readonly call: string;
  } | null;
}

export interface RotatedSecret {
  readonly secret: string;
}

export interface TestDelivery {
  readonly deliveryId: string;
}

/** A key whose order is kept and whose deliveries wait for one of them. */
export interface HeldKey {
  readonly key: string | null;
  readonly headDeliveryId: string | null;
  readonly headStatus: 'pending' | 'retrying' | 'parked' | null;
  readonly attempts: number;
  readonly heldCount: number;
  readonly since: string;
  readonly nextAttemptAt: string | null;
}

/** As eClips has it: `POST /v1/webhooks`. */
export interface CreatedWebhook {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  /** Shown here and never again. */
  readonly secret: string;
  readonly created_at: string;
}
