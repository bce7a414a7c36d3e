import type { CallOptions, Transport } from '../transport';
import type {
  CloudEvent,
  EventLogQuery,
  EventsAccepted,
  EventType,
  EventTypeChanges,
  EventTypeDetail,
  NewEvent,
  NewEventType,
  StoredEvent,
  StoredEventDetail,
} from '../types/event';
import type { PageQuery } from '../types/page';
import { get, list, part, post } from './requests';

export const eventCalls = (transport: Transport) => {
  const publishText = (json: string, contentType = 'application/json', options?: CallOptions) =>
    transport.call<EventsAccepted>({ method: 'POST', path: '/v1/events', text: { body: json, contentType } }, options);
  return {
    /** Publishes one event, or up to 1,000. Answers once they are safe. */
    publish: <Data>(events: NewEvent<Data> | readonly NewEvent<Data>[], options?: CallOptions) =>
      post<EventsAccepted>(transport, '/v1/events', events, options),
    /** One CloudEvent, or a batch of them. */
    publishCloudEvents: <Data>(events: CloudEvent<Data> | readonly CloudEvent<Data>[], options?: CallOptions) =>
      publishText(
        JSON.stringify(events),
        Array.isArray(events) ? 'application/cloudevents-batch+json' : 'application/cloudevents+json',
        options,
      ),
    /** Events that are JSON text already. Their data is kept byte for byte: `14400.0` stays `14400.0`. */
    publishText,
  };
};

export const eventLogCalls = (transport: Transport) => ({
  /** Stored events, newest first. */
  list: (query: EventLogQuery = {}, options?: CallOptions) =>
    list<StoredEvent>(transport, '/v1/event-log', query, options),
  /** One event and its deliveries. */
  get: <Data = unknown>(id: string, options?: CallOptions) =>
    get<StoredEventDetail<Data>>(transport, `/v1/event-log/${part(id)}`, options),
});

export const eventTypeCalls = (transport: Transport) => ({
  list: (query: PageQuery = {}, options?: CallOptions) => list<EventType>(transport, '/v1/event-types', query, options),
  create: (type: NewEventType, options?: CallOptions) => post<EventType>(transport, '/v1/event-types', type, options),
  /** With the schema of each version. */
  get: (name: string, options?: CallOptions) =>
    get<EventTypeDetail>(transport, `/v1/event-types/${part(name)}`, options),
  /** What is done with events that do not fit the schema of their type; of a built-in one too. */
  update: (name: string, changes: EventTypeChanges, options?: CallOptions) =>
    transport.call<EventType>({ method: 'PATCH', path: `/v1/event-types/${part(name)}`, body: changes }, options),
});
