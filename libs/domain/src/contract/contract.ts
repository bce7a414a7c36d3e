import type { BreakerRules } from '../endpoint-lifecycle/breaker-rules';
import type { EndpointOptions } from '../endpoint-lifecycle/endpoint-options';
import type { Event } from '../event/event';
import type { RetryPolicy } from '../retry-schedule/retry-policy';
import type { EndpointKey } from '../signature/endpoint-key';

/** A delivery profile: what a receiver already has code for. Data and a few pure functions, one file each. */
export interface Contract {
  readonly name: string;
  /** Raised when the bytes of the same event would change; a delivery keeps the version that it was made with. */
  readonly version: number;
  /** Of one request, from the name's resolution to the end of the answer. */
  readonly timeoutMs: number;
  /** The longest that an endpoint may ask for. */
  readonly maxTimeoutMs: number;
  readonly retry: RetryPolicy;
  /** When its endpoints count as down, and when they are disabled. */
  readonly breaker: BreakerRules;
  readonly expiry: Expiry;
  /** Options of an endpoint that mean something to it. */
  readonly options: ReadonlyArray<keyof EndpointOptions>;
  /** Which secrets a client may bring: `standard` ones alone, or any text, whose UTF-8 bytes are the key. */
  readonly secrets: 'standard' | 'text';
  /** Its own API shows an endpoint's secret again, to those who may. */
  readonly revealsSecret: boolean;
  /**
   * What of an endpoint's options shows in its bodies; null when nothing does. Endpoints with the same variant share a body.
   */
  variantOf(options: EndpointOptions): string | null;
  /** It writes data anew, so some events have no body under it; all others pass the data on as it came. */
  readonly rewrites: boolean;
  /** The exact bytes of the body, the same on every attempt. */
  render(event: Event, variant: string | null): Rendering;
  /** The contract's own headers of one attempt, in the order in which they are sent. */
  headers(request: SignableRequest): Header[];
  succeeded(status: number): boolean;
  /** Why an answer that other contracts take for success is none here; null for any other status. */
  explains(status: number): string | null;
  /** Statuses with which a receiver says that it wants no more. */
  disables(status: number): boolean;
  /** Statuses whose `Retry-After` is honoured. */
  honoursRetryAfter(status: number): boolean;
}

export type Header = readonly [name: string, value: string];

/** A body, or why there can be none: the contract's receivers could not take the event for what it is. */
export type Rendering =
  | { readonly kind: 'body'; readonly body: Buffer }
  | { readonly kind: 'unrepresentable'; readonly path: string; readonly detail: string };

/** When a delivery is too old to be attempted. */
export interface Expiry {
  readonly ms: number;
  /** Unix ms from which it counts; `acceptedAt` is when Kafka accepted the event. */
  from(event: Event, acceptedAt: number): number;
  /** A recovery counts anew from now; false where what is old stays old. */
  readonly renewed: boolean;
}

/** What a contract may put into the headers of one attempt. */
export interface SignableRequest {
  readonly eventId: string;
  readonly eventType: string;
  /** RFC 3339. */
  readonly eventTime: string;
  readonly endpointId: string;
  /** Random for each request. */
  readonly requestId: string;
  /** From 1. */
  readonly attempt: number;
  /** Unix ms of this attempt. */
  readonly attemptAt: number;
  /** Place of the delivery among those of its endpoint, and the `eventId` before it; null where it has none. */
  readonly chain: { readonly sequence: number; readonly previousId: string | null } | null;
  readonly body: Buffer;
  /** Newest first; several during a rotation's overlap. */
  readonly keys: readonly EndpointKey[];
  readonly options: EndpointOptions;
}
