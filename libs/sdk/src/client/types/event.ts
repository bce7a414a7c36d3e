import type { Delivery } from './delivery';
import type { PageQuery, Period } from './page';

export interface NewEvent<Data = unknown> {
  readonly type: string;
  /** Any JSON. To keep the very bytes of numbers such as `14400.0`, publish text with `publishText`. */
  readonly data: Data;
  /** Unique in its tenant; a second event of the same id is taken for a repeat. Generated when absent. */
  readonly id?: string | undefined;
  /** RFC 3339. */
  readonly timestamp?: string | undefined;
  /** What the event is about, for example the machine; deliveries of one subject can be kept in order. */
  readonly subject?: string | undefined;
}

/** CloudEvents 1.0, in the structured form of its JSON format; extension attributes stand beside the others. */
export interface CloudEvent<Data = unknown> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string | undefined;
  readonly time?: string | undefined;
  readonly datacontenttype?: string | undefined;
  readonly tenantid?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly data?: Data | undefined;
  readonly [attribute: string]: unknown;
}

export interface AcceptedEvent {
  readonly id: string;
  /** What does not fit the schema of its type, whose validation is `warn`; the event is published all the same. */
  readonly warnings?: readonly { readonly path: string; readonly detail: string }[] | undefined;
}

export interface EventsAccepted {
  /** In the order of the request. */
  readonly events: readonly AcceptedEvent[];
}

export interface StoredEvent<Data = unknown> {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string | null;
  readonly timestamp: string;
  readonly acceptedAt: string;
  readonly data: Data;
}

/** Why an event, or what some of its receivers would have got of it, stands in the quarantine. */
export interface EventRejection {
  /** `unrepresentable`, `run_url_refused`, `schema_violation`, `schema_warning`, … */
  readonly code: string;
  readonly detail: string;
  /** RFC 3339. */
  readonly at: string;
}

export interface StoredEventDetail<Data = unknown> extends StoredEvent<Data> {
  readonly deliveries: readonly Delivery[];
  readonly rejections: readonly EventRejection[];
}

export interface EventLogQuery extends PageQuery, Period {
  readonly type?: string | undefined;
}

/** What is done with an event whose data does not fit the schema: nothing, a warning, or quarantine. */
export type EventValidation = 'off' | 'warn' | 'reject';

export interface NewEventType {
  /** One type, for example `quality.measured`; one that is there already gets its next version. */
  readonly name: string;
  readonly module: string;
  readonly description: string;
  /** JSON Schema (draft 2020-12) of the data. */
  readonly schema?: unknown;
  readonly example?: unknown;
  readonly validation?: EventValidation | undefined;
  /** Takes a new version although it is not compatible with the former one. */
  readonly breaking?: boolean | undefined;
}

export interface EventTypeChanges {
  readonly validation: EventValidation;
}

export interface EventTypeVersion {
  readonly version: number;
  /** It was taken although it is not compatible with the one before. */
  readonly breaking: boolean;
  readonly createdAt: string | null;
}

export interface EventType {
  readonly name: string;
  readonly module: string;
  readonly description: string;
  readonly schema: unknown;
  /** Of the schema. */
  readonly version: number;
  /** Oldest first. */
  readonly versions: readonly EventTypeVersion[];
  readonly example: unknown;
  readonly validation: EventValidation;
  readonly builtIn: boolean;
  readonly createdAt: string | null;
}

/** With the schema of each version. */
export interface EventTypeDetail extends Omit<EventType, 'versions'> {
  readonly versions: readonly (EventTypeVersion & { readonly schema: unknown })[];
}
