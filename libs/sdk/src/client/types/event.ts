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

export interface EventsAccepted {
  /** In the order of the request. */
  readonly events: readonly { readonly id: string }[];
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

export interface StoredEventDetail<Data = unknown> extends StoredEvent<Data> {
  readonly deliveries: readonly Delivery[];
}

export interface EventLogQuery extends PageQuery, Period {
  readonly type?: string | undefined;
}

export interface NewEventType {
  /** One type, for example `quality.measured`. */
  readonly name: string;
  readonly module: string;
  readonly description: string;
  /** JSON Schema of the data. */
  readonly schema?: unknown;
  readonly example?: unknown;
}

export interface EventType {
  readonly name: string;
  readonly module: string;
  readonly description: string;
  readonly schema: unknown;
  readonly example: unknown;
  readonly builtIn: boolean;
  readonly createdAt: string | null;
}
