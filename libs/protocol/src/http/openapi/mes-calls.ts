import {
  createdMesEndpointView,
  createMesEndpointRequest,
  mesEndpointView,
  mesLogDetailView,
  mesLogView,
  mesSecretView,
  mesTestView,
  testMesEndpointRequest,
  updateMesEndpointRequest,
} from '../compatible-apis/mes';
import { type Calls, json, page, paging, WRITE } from './call';

const TAG = 'MES';

export const MES_CALLS: Calls = {
  '/api/v2/webhooks/endpoints': {
    post: {
      summary: 'Register an endpoint as the MES documents it',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(createMesEndpointRequest),
      answer: { status: 201, description: 'The endpoint with its secret.', schema: createdMesEndpointView },
      refusals: [...WRITE, 'invalid_url', 'destination_not_allowed', 'conflict', 'idempotency_conflict'],
    },
    get: {
      summary: 'List endpoints',
      scope: 'webhooks:read',
      tag: TAG,
      query: paging,
      answer: { status: 200, description: 'A page of endpoints.', schema: page(mesEndpointView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/api/v2/webhooks/endpoints/{id}': {
    get: {
      summary: 'One endpoint',
      scope: 'webhooks:read',
      tag: TAG,
      answer: { status: 200, description: 'The endpoint.', schema: mesEndpointView },
      refusals: ['not_found'],
    },
    patch: {
      summary: 'Change an endpoint, make it active or not',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(updateMesEndpointRequest),
      answer: { status: 200, description: 'The endpoint.', schema: mesEndpointView },
      refusals: [...WRITE, 'not_found', 'invalid_url', 'destination_not_allowed'],
    },
    delete: {
      summary: 'Delete an endpoint',
      scope: 'webhooks:write',
      tag: TAG,
      answer: { status: 204, description: 'It is gone; what waited for it ends as cancelled.' },
      refusals: ['not_found', 'unavailable'],
    },
  },
  '/api/v2/webhooks/endpoints/{id}/secret': {
    get: {
      summary: 'Reveal the secret; the audit log has who asked',
      scope: 'secrets:reveal',
      tag: TAG,
      answer: { status: 200, description: 'The secret that signs now.', schema: mesSecretView },
      refusals: ['not_found', 'unavailable'],
    },
  },
  '/api/v2/webhooks/endpoints/{id}/test': {
    post: {
      summary: 'Send a test event of a type',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(testMesEndpointRequest),
      answer: { status: 202, description: 'The test is on its way; its payload is shown.', schema: mesTestView },
      refusals: [...WRITE, 'not_found', 'conflict', 'idempotency_conflict'],
    },
  },
  '/api/v2/webhooks/logs': {
    get: {
      summary: 'Logs of deliveries, by endpoint or event type',
      scope: 'deliveries:read',
      tag: TAG,
      query: {
        ...paging,
        endpointId: { description: 'Of one endpoint.' },
        eventType: { description: 'Of one event type.' },
      },
      answer: { status: 200, description: 'Log entries, newest first.', schema: page(mesLogView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/api/v2/webhooks/logs/{id}': {
    get: {
      summary: 'One log entry with payload, responses and retry history',
      scope: 'deliveries:read',
      tag: TAG,
      answer: { status: 200, description: 'The log entry.', schema: mesLogDetailView },
      refusals: ['not_found'],
    },
  },
};
