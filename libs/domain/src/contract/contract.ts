import type { BreakerRules } from '../endpoint-lifecycle/breaker-rules';
import type { Event } from '../event/event';
import type { RetryPolicy } from '../retry-schedule/retry-policy';
import type { SigningKey } from '../signature/standard-webhooks';

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
  /** A delivery older than this, counted from the acceptance of its event, is not attempted again. */
  readonly expiryMs: number;
  /** The exact bytes of the body, the same on every attempt. */
  body(event: Event): Buffer;
  /** The headers of one attempt, in the order in which they are sent. */
  headers(request: SignableRequest): ReadonlyArray<readonly [name: string, value: string]>;
  succeeded(status: number): boolean;
  /** Statuses with which a receiver says that it wants no more. */
  disables(status: number): boolean;
  /** Statuses whose `Retry-After` is honoured. */
  honoursRetryAfter(status: number): boolean;
}

/** What a contract may put into the headers of one attempt. */
export interface SignableRequest {
  readonly eventId: string;
  readonly eventType: string;
  readonly eventTime: string;
  readonly endpointId: string;
  /** From 1. */
  readonly attempt: number;
  /** Unix ms of this attempt. */
  readonly attemptAt: number;
  /** Place of the delivery among those of its endpoint, and the `eventId` before it; null where it has none. */
  readonly chain: { readonly sequence: number; readonly previousId: string | null } | null;
  /** What replays it; null for a first delivery. */
  readonly replay: string | null;
  readonly body: Buffer;
  /** Newest first; several during a rotation's overlap. */
  readonly keys: readonly SigningKey[];
}
