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
  readonly endpointId: string;
  readonly contract: string;
  readonly status: DeliveryStatus;
  readonly attemptCount: number;
  /** RFC 3339, or null when none is planned. */
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly completedAt: string | null;
  /** `success`, `http_503`, `timeout`, … of the last finished attempt. */
  readonly lastOutcome: string | null;
}

export interface AttemptView {
  readonly number: number;
  /** Random for each HTTP request; an attempt repeated after a crash shows as two entries of the same number. */
  readonly requestId: string;
  readonly startedAt: string;
  readonly durationMs: number | null;
  readonly request: {
    readonly url: string;
    readonly headers: { readonly [name: string]: string };
    readonly body: string | null;
  };
  readonly response: {
    readonly status: number;
    readonly headers: { readonly [name: string]: string };
    readonly body: string;
    readonly bodyTruncated: boolean;
  } | null;
  /** `unknown` when the sender stopped before it could record the answer. */
  readonly outcome: string;
  readonly error: string | null;
  readonly traceId: string;
}

export interface DeliveryDetailView extends DeliveryView {
  readonly attempts: readonly AttemptView[];
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

export interface EventDetailView extends EventView {
  readonly deliveries: readonly DeliveryView[];
}

export interface Page<T> {
  readonly data: readonly T[];
  readonly nextCursor: string | null;
}
