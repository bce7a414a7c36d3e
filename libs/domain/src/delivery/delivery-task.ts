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
  /** Unix ms, the planned start of the attempt; for people, never for a decision. */
  readonly plannedAt: number | null;
  /** Set while the task waits for its endpoint; no attempt is spent. */
  readonly parked: { readonly reason: ParkReason; readonly since: number } | null;
  /** How often this attempt was parked: with epoch and attempt it orders the records of a delivery. */
  readonly parkings: number;
}

export type ParkReason = 'endpoint_paused' | 'endpoint_disabled' | 'lane_full';
