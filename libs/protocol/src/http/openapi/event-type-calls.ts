import { createEventTypeRequest, eventTypeView } from '../event-types';
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
      summary: 'Add an event type of your own',
      scope: 'webhooks:write',
      tag: 'Event types',
      body: json(createEventTypeRequest),
      answer: { status: 201, description: 'The event type.', schema: eventTypeView },
      refusals: [...WRITE, 'conflict', 'idempotency_conflict'],
    },
  },
};
