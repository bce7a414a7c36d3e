import type { EqualityFilter } from '../matching/equality-filter';

/** `paused` by its user, `disabled` by the engine (the receiver answered 410); both park what is pending. */
export type EndpointStatus = 'active' | 'paused' | 'disabled';

/** A receiver's URL with its contract and settings, as configuration and directory know it. */
export interface Endpoint {
  readonly id: string;
  readonly tenant: string;
  /** Grows with every change; an older version never replaces a newer one. */
  readonly version: number;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly filter: EqualityFilter | null;
  readonly contract: string;
  /** Custom headers of every request. */
  readonly headers: { readonly [name: string]: string };
  readonly status: EndpointStatus;
  /** Why the engine disabled it. */
  readonly statusReason: string | null;
  readonly timeoutMs: number | null;
  readonly description: string | null;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Newest first. Never in the clear. */
  readonly secrets: readonly SealedEndpointSecret[];
}

export interface SealedEndpointSecret {
  readonly id: string;
  readonly sealed: string;
  /** Unix ms after which it signs no more; null for the current one. */
  readonly expiresAt: number | null;
}
