/** Why a delivery exists; part of its id, so that a test or a replay of the same event is another delivery. */
export type DeliveryTrigger =
  | { readonly kind: 'event' }
  | { readonly kind: 'test'; readonly id: string }
  | { readonly kind: 'recovery'; readonly id: string };

/**
 * The whole task of one attempt, as it travels through the topics `deliveries`, `retry.<tier>` and `dead-letter` beside
 * the body's bytes. Nothing of it is looked up in a read model.
 */
export interface DeliveryTask {
  readonly deliveryId: string;
  readonly tenant: string;
  readonly endpointId: string;
  readonly eventId: string;
  readonly eventKey: string;
  readonly eventType: string;
  /** RFC 3339. */
  readonly eventTime: string;
  /** What the event is about; the key of `ordering: "key"`. */
  readonly subject: string | null;
  readonly contract: { readonly name: string; readonly version: number };
  readonly trigger: DeliveryTrigger;
  /** Raised by a manual retry; records of an older chain are dropped. */
  readonly epoch: number;
  /** Number of the attempt that this task asks for, from 1. */
  readonly attempt: number;
  /** Unix ms at which Kafka accepted the event. */
  readonly acceptedAt: number;
  /** Unix ms of the first failed attempt's end. */
  readonly firstFailedAt: number | null;
  /** Unix ms after which no attempt is made. */
  readonly expiresAt: number | null;
  /** What is still to be waited before the attempt, in ms, counted from this record's append time. 0 when due. */
  readonly remainingDelayMs: number;
  /** Unix ms, the planned start of the attempt; for people, and to correct the due time by the way to the broker, see dueTime. */
  readonly plannedAt: number | null;
  /**
   * Position of the delivery among those of its endpoint, from 1, and the id of the event before it; set with the first
   * attempt and kept by every later one. Null before that, and for tests and replays.
   */
  readonly chain: { readonly sequence: number; readonly previousId: string | null } | null;
  /** The URL of this delivery, where it brings its own; null for that of its endpoint. */
  readonly destination: string | null;
  /** Id of the recovery or the command that replays it; sent in a header, so that a receiver knows a replay. */
  readonly replay: string | null;
}

/**
 * Why a delivery waits without spending an attempt. `endpoint_*`: its endpoint takes nothing now · `lane_full`: its endpoint
 * is slower than its events come · `backlog`: older ones of its endpoint are parked and go first · `behind_key`: order
 * is kept, and one before it has not succeeded yet · `retry_budget`: too many retries at once · `no_secret`: its secrets do
 * not open with the encryption key of this deployment.
 */
export const PARK_REASONS = [
  'endpoint_paused',
  'endpoint_disabled',
  'endpoint_down',
  'lane_full',
  'backlog',
  'behind_key',
  'retry_budget',
  'no_secret',
] as const;
export type ParkReason = (typeof PARK_REASONS)[number];
