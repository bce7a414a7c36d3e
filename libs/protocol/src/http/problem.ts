/** RFC 9457 problem details. `code` is stable; `detail` says what was wrong, where, and what to do. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
  /** One entry for each member that was wrong. */
  readonly errors?: ReadonlyArray<{
    readonly path: string;
    readonly detail: string;
    readonly code?: string;
    /** Place in a document that came as text; both count from 1. */
    readonly line?: number;
    readonly column?: number;
  }>;
}

/** Every code of the API with its status and title. The one list; documentation and OpenAPI derive from it. */
export const PROBLEMS = {
  invalid_json: { status: 400, title: 'The body is not JSON' },
  invalid_request: { status: 422, title: 'The request is not valid' },
  invalid_url: { status: 422, title: 'The URL is not valid' },
  destination_not_allowed: { status: 422, title: 'The destination is not allowed' },
  invalid_mapping: { status: 422, title: 'The mapping cannot be used' },
  mapping_failed: { status: 422, title: 'The tests of the mapping fail' },
  source_failed: { status: 422, title: 'The source cannot be read' },
  invalid_schema: { status: 422, title: 'The schema cannot be used' },
  invalid_event: { status: 422, title: 'The event is not valid' },
  invalid_cursor: { status: 422, title: 'The cursor is not valid' },
  unauthenticated: { status: 401, title: 'No valid API key' },
  source_unauthenticated: { status: 401, title: 'No valid token or signature of a source' },
  insufficient_scope: { status: 403, title: 'The API key lacks a scope' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  incompatible_schema: { status: 409, title: 'The schema may not follow the former one' },
  delivery_succeeded: { status: 409, title: 'The delivery has succeeded' },
  delivery_pending: { status: 409, title: 'The delivery is under way' },
  delivery_parked: { status: 409, title: 'The delivery is parked' },
  delivery_ended: { status: 409, title: 'The delivery has ended' },
  delivery_expired: { status: 409, title: 'The delivery has expired' },
  nothing_waits_behind: { status: 409, title: 'Nothing waits behind the delivery' },
  not_redrivable: { status: 409, title: 'The record cannot be driven again' },
  still_refused: { status: 409, title: 'The record would be refused again' },
  recovery_ended: { status: 409, title: 'The recovery has ended' },
  idempotency_conflict: { status: 409, title: 'The Idempotency-Key was used with another request' },
  too_slow: { status: 408, title: 'The body did not come' },
  too_large: { status: 413, title: 'Too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  rate_limited: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
  internal: { status: 500, title: 'Internal error' },
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

export const problem = (code: ProblemCode, detail: string, errors?: Problem['errors']): Problem => ({
  type: `https://millrace.dev/problems/${code}`,
  title: PROBLEMS[code].title,
  status: PROBLEMS[code].status,
  code,
  detail,
  ...(errors === undefined ? {} : { errors }),
});
