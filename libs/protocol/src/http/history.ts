/** Answers of the history API (audit-projector), as interface fixed them; the SDK and the console read these. */
export type DeliveryStatus = 'pending' | 'retrying' | 'parked' | 'succeeded' | 'failed' | 'cancelled' | 'expired';
export const DELIVERY_STATUSES: readonly DeliveryStatus[] = [
  'pending',
  'retrying',
  'parked',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
];

export interface DeliveryView {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  /** What the event is about; the key of `ordering: "key"`. */
  readonly subject: string | null;
  readonly endpointId: string;
  readonly contract: string;
  readonly status: DeliveryStatus;
  /** Why it is parked or has ended (`endpoint_paused`, `exhausted`, `endpoint_gone`, …); null where the status says all. */
  readonly statusReason: string | null;
  readonly trigger: 'event' | 'test' | 'recovery';
  /** Attempts begun, of all epochs; one repeated after a crash counts once. */
  readonly attemptCount: number;
  /** HTTP requests sent, repeats after a crash included. */
  readonly requestCount: number;
  /** RFC 3339, or null when none is planned. */
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly completedAt: string | null;
  /** `success`, `http_503`, `timeout`, … of the last finished attempt. */
  readonly lastOutcome: string | null;
}

/**
 * The history keeps the data of an event once and renders a request's body from it. `test_event`: a test's event is not
 * stored · `event_not_kept`: the event is older than what is kept · `contract_unknown`: this build no longer has the
 * version of the contract · `digest_differs`: what was rendered is not what was sent (the producer used the id twice).
 */
export type BodyMissing = 'test_event' | 'event_not_kept' | 'contract_unknown' | 'digest_differs';

export interface AttemptView {
  /** 0 at first; each retry by command begins the next one, with a new schedule. */
  readonly epoch: number;
  /** From 1, within its epoch. */
  readonly number: number;
  /** Random for each HTTP request; an attempt repeated after a crash shows as two entries of the same number. */
  readonly requestId: string;
  readonly startedAt: string;
  readonly durationMs: number | null;
  readonly request: {
    readonly url: string;
    readonly headers: { readonly [name: string]: string };
    readonly body: string | null;
    /** Why `body` is null; null when it is there. */
    readonly bodyMissing: BodyMissing | null;
  };
  readonly response: {
    readonly status: number;
    readonly headers: { readonly [name: string]: string };
    readonly body: string;
    readonly bodyTruncated: boolean;
  } | null;
  /** `pending` while the request is under way; `unknown` when the sender stopped before it could record the answer. */
  readonly outcome: string;
  readonly error: string | null;
  readonly traceId: string;
}

/** What became of a command; one that its endpoint's owner has not met yet is not there. */
export interface CommandView {
  readonly commandId: string;
  readonly command: 'retry' | 'cancel' | 'skip';
  /** Id of the API key that asked. */
  readonly by: string;
  readonly result: 'done' | 'refused';
  /** Why it was refused (`stale`, `in_flight`, `parked`, `ended`, `record_gone`); null when it was not. */
  readonly reason: string | null;
  readonly at: string;
}

export interface DeliveryDetailView extends DeliveryView {
  /** The one that it is in. */
  readonly epoch: number;
  /** Its place among the deliveries of its endpoint, as the receiver is told; null before its first attempt. */
  readonly sequence: number | null;
  /** Id of the event before it; null for the first, and where `sequence` is null. */
  readonly previousEventId: string | null;
  /** While it is parked as `behind_key`: the delivery that was to end first when it was parked. */
  readonly behind: string | null;
  readonly attempts: readonly AttemptView[];
  /** Oldest first. */
  readonly commands: readonly CommandView[];
}

/** A key whose order is kept and whose deliveries wait for one of them. */
export interface HeldKeyView {
  readonly key: string | null;
  readonly headDeliveryId: string | null;
  readonly headStatus: 'pending' | 'retrying' | 'parked' | null;
  readonly attempts: number;
  readonly heldCount: number;
  readonly since: string;
  readonly nextAttemptAt: string | null;
}

export interface EventView {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string | null;
  readonly timestamp: string;
  readonly acceptedAt: string;
  readonly data: unknown;
}

/** Why an event, or what some of its receivers would have got of it, stands in the quarantine. */
export interface EventRejectionView {
  /** `unrepresentable`, `run_url_refused`, `schema_violation`, `schema_warning`, … */
  readonly code: string;
  readonly detail: string;
  readonly at: string;
}

export interface EventDetailView extends EventView {
  readonly deliveries: readonly DeliveryView[];
  readonly rejections: readonly EventRejectionView[];
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}
