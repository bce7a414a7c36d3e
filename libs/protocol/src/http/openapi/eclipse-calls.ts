import { commandAcceptedView, retryDeliveryRequest } from '../commands';
import {
  connectionView,
  createConnectionRequest,
  createdExportView,
  createExportRequest,
  exportEventDetailView,
  exportEventView,
  exportView,
  updateConnectionRequest,
  updateExportRequest,
} from '../compatible-apis/eclipse';
import { DELIVERY_STATUSES } from '../history';
import { type Calls, json, page, paging, period, WRITE } from './call';

const TAG = 'Eclipse';

export const ECLIPSE_CALLS: Calls = {
  '/v1/connections': {
    post: {
      summary: 'Create an API connection: where exports are sent',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(createConnectionRequest),
      answer: { status: 201, description: 'The connection, without its token.', schema: connectionView },
      refusals: [...WRITE, 'invalid_url', 'destination_not_allowed', 'conflict', 'idempotency_conflict'],
    },
    get: {
      summary: 'List connections',
      scope: 'webhooks:read',
      tag: TAG,
      query: paging,
      answer: { status: 200, description: 'A page of connections.', schema: page(connectionView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/connections/{id}': {
    get: {
      summary: 'One connection',
      scope: 'webhooks:read',
      tag: TAG,
      answer: { status: 200, description: 'The connection.', schema: connectionView },
      refusals: ['not_found'],
    },
    patch: {
      summary: 'Change a connection; its exports move with it',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(updateConnectionRequest),
      answer: { status: 200, description: 'The connection.', schema: connectionView },
      refusals: [...WRITE, 'not_found', 'invalid_url', 'destination_not_allowed'],
    },
    delete: {
      summary: 'Delete a connection that no export uses',
      scope: 'webhooks:write',
      tag: TAG,
      answer: { status: 204, description: 'It is gone.' },
      refusals: ['not_found', 'conflict', 'unavailable'],
    },
  },
  '/v1/exports': {
    post: {
      summary: 'Create an export configuration: bundles go to a connection from now on',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(createExportRequest),
      answer: { status: 201, description: 'The export configuration and its endpoint.', schema: createdExportView },
      refusals: [...WRITE, 'destination_not_allowed', 'conflict', 'idempotency_conflict'],
    },
    get: {
      summary: 'List export configurations',
      scope: 'webhooks:read',
      tag: TAG,
      query: paging,
      answer: { status: 200, description: 'A page of export configurations.', schema: page(exportView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/exports/{id}': {
    get: {
      summary: 'One export configuration, and whether its endpoint is down',
      scope: 'webhooks:read',
      tag: TAG,
      answer: { status: 200, description: 'The export configuration.', schema: exportView },
      refusals: ['not_found'],
    },
    patch: {
      summary: 'Pause or activate an export configuration',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(updateExportRequest),
      answer: { status: 200, description: 'The export configuration.', schema: exportView },
      refusals: [...WRITE, 'not_found'],
    },
    delete: {
      summary: 'Delete an export configuration and its endpoint',
      scope: 'webhooks:write',
      tag: TAG,
      answer: { status: 204, description: 'It is gone; what waited for it ends as cancelled.' },
      refusals: ['not_found', 'unavailable'],
    },
  },
  '/v1/export-events': {
    get: {
      summary: 'Export Events: bundles and what became of them, newest first',
      scope: 'deliveries:read',
      tag: TAG,
      query: {
        ...paging,
        exportId: { description: 'Of one export configuration.' },
        status: { description: 'In one status.', schema: { type: 'string', enum: [...DELIVERY_STATUSES] } },
        ...period,
      },
      answer: { status: 200, description: 'A page of export events.', schema: page(exportEventView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/export-events/{id}': {
    get: {
      summary: 'One export event with its activity log',
      scope: 'deliveries:read',
      tag: TAG,
      answer: { status: 200, description: 'The export event.', schema: exportEventDetailView },
      refusals: ['not_found'],
    },
  },
  '/v1/export-events/{id}/retry': {
    post: {
      summary: 'Retry an export event',
      scope: 'deliveries:write',
      tag: TAG,
      body: json(retryDeliveryRequest),
      optionalBody: true,
      answer: {
        status: 202,
        description: 'The command is on its way. One that has expired needs `force` and a `reason`.',
        schema: commandAcceptedView,
      },
      refusals: [
        ...WRITE,
        'not_found',
        'delivery_succeeded',
        'delivery_pending',
        'delivery_parked',
        'delivery_expired',
        'idempotency_conflict',
      ],
    },
  },
  '/v1/export-events/{id}/cancel': {
    post: {
      summary: 'Cancel an export event',
      scope: 'deliveries:write',
      tag: TAG,
      answer: { status: 202, description: 'The command is on its way.', schema: commandAcceptedView },
      refusals: ['not_found', 'delivery_succeeded', 'delivery_ended', 'idempotency_conflict', 'unavailable'],
    },
  },
};
