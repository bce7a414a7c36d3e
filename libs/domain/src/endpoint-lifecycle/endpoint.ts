import type { Filter } from '../matching/filter';
import type { RetryPolicy } from '../retry-schedule/retry-policy';
import type { EndpointOptions } from './endpoint-options';

/** `paused` by its user, `disabled` by the engine (the receiver answered 410); both park what is pending. */
export type EndpointStatus = 'active' | 'paused' | 'disabled';

/**
 * `none`: deliveries go out side by side. `key`: those with the same key (the event's subject) go out one after the other, and
 * one that fails holds back only its own key. `strict`: all go out one after the other.
 */
export type Ordering = 'none' | 'key' | 'strict';

/** Requests per second on average, and how many may go out at once after a rest. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** A receiver's URL with its contract and settings, as configuration and directory know it. */
export interface Endpoint {
  readonly id: string;
  readonly tenant: string;
  /** Grows with every change; an older version never replaces a newer one. */
  readonly version: number;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly filter: Filter | null;
  readonly contract: string;
  /** Custom headers of every request; the values are sealed, for they may be credentials. */
  readonly headers: { readonly [name: string]: string };
  readonly status: EndpointStatus;
  /** Why the engine disabled it. */
  readonly statusReason: string | null;
  readonly timeoutMs: number | null;
  readonly ordering: Ordering;
  readonly rateLimit: RateLimit | null;
  /** Instead of the contract's own schedule. */
  readonly retry: RetryPolicy | null;
  readonly options: EndpointOptions;
  /**
   * It stands for the URLs that the tenant's events bring themselves (`webhook_url` of eClips' runs): its secret signs what goes
   * to them. It matches no event by its types.
   */
  readonly runUrls: boolean;
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
