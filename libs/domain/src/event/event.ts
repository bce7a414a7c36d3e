/** A domain fact as Millrace has accepted it: a CloudEvents 1.0 event whose data is kept as the bytes that came. */
export interface Event {
  /** What receivers and people see: the producer's id where it can be used as one, else derived. See event-identity.ts. */
  readonly id: string;
  /** Identity inside Millrace: a function of (tenant, source, sourceId), so two producers may use the same id. */
  readonly key: string;
  /** The id exactly as the producer gave it. */
  readonly sourceId: string;
  readonly tenant: string;
  /** For example `machine.alarm`. */
  readonly type: string;
  /** CloudEvents source, a URI reference. */
  readonly source: string;
  readonly subject: string | null;
  /** RFC 3339, as the producer gave it, else the time of acceptance. */
  readonly time: string;
  /** The data member as UTF-8 JSON text, byte for byte as it came; `null` when the event has none. */
  readonly data: string;
  /** W3C trace context of the producer, where it sent one. */
  readonly traceparent: string | null;
}

/** Limits of an event at every way in. */
export const EVENT_LIMITS = {
  /** Bytes of one event's data. */
  dataBytes: 256 * 1024,
  /** Levels of arrays and objects. */
  depth: 64,
  typeLength: 128,
  idLength: 256,
  sourceLength: 512,
  subjectLength: 512,
  tenantLength: 64,
} as const;

/** Why an event was refused. Stable: they appear in API errors, in the quarantine and in metrics. */
export type EventRefusal = {
  readonly code:
    | 'not_json'
    | 'not_utf8'
    | 'empty_value'
    | 'too_large'
    | 'too_deep'
    | 'missing_attribute'
    | 'invalid_attribute'
    | 'unsupported_specversion'
    | 'unsupported_content_type'
    | 'unknown_tenant'
    | 'unknown_contract'
    | 'unrepresentable'
    | 'run_url_refused';
  /** What was wrong, where, and what to do about it, in one sentence. */
  readonly detail: string;
  /** The member or attribute concerned, where there is one. */
  readonly field?: string;
};

export type EventReading =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'refused'; readonly refusal: EventRefusal };
