import { createEventTypeRequest, eventTypeDetailView, eventTypeView, updateEventTypeRequest } from '../event-types';
import { type Calls, json, page, paging, WRITE } from './call';

export const EVENT_TYPE_CALLS: Calls = {
  '/v1/event-types': {
    get: {
      summary: 'List event types',
      scope: 'webhooks:read',
      tag: 'Event types',
      query: paging,
      answer: { status: 200, description: 'A page of event types.', schema: page(eventTypeView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
    post: {
      summary: 'Add an event type of your own, or the next version of one',
      scope: 'webhooks:write',
      tag: 'Event types',
      body: json(createEventTypeRequest),
      answer: {
        status: 201,
        description:
          'The event type. A name that is there already gets the next version when the schema differs; what is left out stays as it is.',
        schema: eventTypeView,
      },
      refusals: [...WRITE, 'invalid_schema', 'conflict', 'incompatible_schema', 'idempotency_conflict'],
    },
  },
  '/v1/event-types/{name}': {
    get: {
      summary: 'One event type with all its versions',
      scope: 'webhooks:read',
      tag: 'Event types',
      answer: { status: 200, description: 'The event type.', schema: eventTypeDetailView },
      refusals: ['not_found'],
    },
    patch: {
      summary: 'Set what is done with events that do not fit the schema of their type, also of a built-in one',
      scope: 'webhooks:write',
      tag: 'Event types',
      body: json(updateEventTypeRequest),
      answer: {
        status: 200,
        description: 'The event type; events published from now on meet it.',
        schema: eventTypeView,
      },
      refusals: [...WRITE, 'not_found', 'conflict', 'invalid_schema'],
    },
  },
};
