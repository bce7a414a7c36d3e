/** Stable; a newer server may have others. */
export type ProblemCode =
  | 'invalid_json'
  | 'invalid_request'
  | 'invalid_url'
  | 'destination_not_allowed'
  | 'invalid_event'
  | 'invalid_mapping'
  | 'mapping_failed'
  | 'source_failed'
  | 'invalid_schema'
  | 'invalid_cursor'
  | 'unauthenticated'
  | 'source_unauthenticated'
  | 'insufficient_scope'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'incompatible_schema'
  | 'delivery_succeeded'
  | 'delivery_pending'
  | 'delivery_parked'
  | 'delivery_ended'
  | 'delivery_expired'
  | 'nothing_waits_behind'
  | 'not_redrivable'
  | 'still_refused'
  | 'recovery_ended'
  | 'idempotency_conflict'
  | 'too_slow'
  | 'too_large'
  | 'unsupported_media_type'
  | 'rate_limited'
  | 'unavailable'
  | 'internal';

/** One member of a request that was wrong. */
export interface ProblemMember {
  readonly path: string;
  readonly detail: string;
  readonly code?: string | undefined;
  /** Place in a document that came as text; both count from 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}
