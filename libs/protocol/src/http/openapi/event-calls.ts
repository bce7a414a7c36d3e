import { cloudEventSchema, eventsAcceptedSchema, publishCloudEventsBatchSchema, publishEventsSchema } from '../events';
import { type Calls, page, paging, period, WRITE } from './call';
import { storedEvent, storedEventDetail } from './history-schemas';

export const EVENT_CALLS: Calls = {
  '/v1/events': {
    post: {
      summary: 'Publish one event, a list, or CloudEvents (structured, binary, batch)',
      scope: 'events:write',
      tag: 'Events',
      body: {
        'application/json': publishEventsSchema,
        'application/cloudevents+json': cloudEventSchema,
        'application/cloudevents-batch+json': publishCloudEventsBatchSchema,
      },
      answer: { status: 202, description: 'Kafka has acknowledged every event.', schema: eventsAcceptedSchema },
      refusals: [...WRITE, 'invalid_event', 'idempotency_conflict'],
    },
  },
  '/v1/event-log': {
    get: {
      summary: 'List stored events, newest first',
      scope: 'deliveries:read',
      tag: 'Events',
      query: { type: { description: 'Event type.' }, ...period, ...paging },
      answer: { status: 200, description: 'A page of events.', schema: page(storedEvent) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/event-log/{id}': {
    get: {
      summary: 'One stored event and its deliveries',
      scope: 'deliveries:read',
      tag: 'Events',
      answer: { status: 200, description: 'The event.', schema: storedEventDetail },
      refusals: ['not_found'],
    },
  },
};
