import {
  changedEndpointView,
  createdEndpointView,
  createEndpointRequest,
  endpointView,
  rotatedSecretView,
  rotateSecretRequest,
  testDeliveryView,
  testEndpointRequest,
  updateEndpointRequest,
} from '../endpoints';
import { filterTestView, testFilterRequest } from '../filters';
import { type Calls, json, page, paging, WRITE } from './call';

export const ENDPOINT_CALLS: Calls = {
  '/v1/endpoints': {
    get: {
      summary: 'List endpoints',
      scope: 'webhooks:read',
      tag: 'Endpoints',
      query: paging,
      answer: { status: 200, description: 'A page of endpoints.', schema: page(endpointView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
    post: {
      summary: 'Create an endpoint',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      body: json(createEndpointRequest),
      answer: {
        status: 201,
        description:
          'The endpoint with its secret; events published from now on find it. With `startFrom` a recovery job delivers those of the past.',
        schema: createdEndpointView,
      },
      refusals: [...WRITE, 'invalid_url', 'destination_not_allowed', 'conflict', 'idempotency_conflict'],
    },
  },
  '/v1/endpoints/{id}': {
    get: {
      summary: 'One endpoint',
      scope: 'webhooks:read',
      tag: 'Endpoints',
      answer: { status: 200, description: 'The endpoint.', schema: endpointView },
      refusals: ['not_found'],
    },
    patch: {
      summary: 'Change, pause or activate an endpoint',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      body: json(updateEndpointRequest),
      answer: {
        status: 200,
        description:
          'The endpoint. `{"status": "active"}` for one that is `down` makes Millrace try it at once. Where deliveries may have failed before it became active again, `recovery` has the call that sends them again.',
        schema: changedEndpointView,
      },
      refusals: [...WRITE, 'not_found', 'invalid_url', 'destination_not_allowed'],
    },
    delete: {
      summary: 'Delete an endpoint; what is pending for it is cancelled, and so are its recovery jobs',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      answer: { status: 204, description: 'Deleted.' },
      refusals: ['not_found', 'unavailable'],
    },
  },
  '/v1/endpoints/{id}/test': {
    post: {
      summary: 'Send a test event to one endpoint',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      body: json(testEndpointRequest),
      optionalBody: true,
      answer: { status: 202, description: 'The delivery of the test event.', schema: testDeliveryView },
      refusals: [...WRITE, 'not_found'],
    },
  },
  '/v1/endpoints/{id}/rotate-secret': {
    post: {
      summary: 'Give an endpoint a new secret; the old one signs on for an overlap',
      scope: 'webhooks:write',
      tag: 'Endpoints',
      body: json(rotateSecretRequest),
      optionalBody: true,
      answer: { status: 200, description: 'The new secret.', schema: rotatedSecretView },
      refusals: [...WRITE, 'not_found', 'conflict'],
    },
  },
  '/v1/filters/test': {
    post: {
      summary: 'Say how many of the latest stored events a filter matches',
      scope: 'webhooks:read',
      tag: 'Endpoints',
      body: json(testFilterRequest),
      answer: { status: 200, description: 'The count, and some of those that match.', schema: filterTestView },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
};
