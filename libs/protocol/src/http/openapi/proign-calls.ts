import {
  createProignSubscriptionRequest,
  proignDeliveryView,
  proignSubscriptionView,
  proignTestView,
} from '../compatible-apis/proign';
import { type Calls, json, page, paging, WRITE } from './call';

const TAG = 'PROIGN';

export const PROIGN_CALLS: Calls = {
  '/api/{tenant}/subscriptions': {
    post: {
      summary: 'Create a subscription as PROIGN documents it',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(createProignSubscriptionRequest),
      answer: { status: 201, description: 'The subscription, without its secret.', schema: proignSubscriptionView },
      refusals: [...WRITE, 'not_found', 'invalid_url', 'destination_not_allowed', 'conflict', 'idempotency_conflict'],
    },
    get: {
      summary: 'List subscriptions',
      scope: 'webhooks:read',
      tag: TAG,
      query: paging,
      answer: { status: 200, description: 'A page of subscriptions.', schema: page(proignSubscriptionView) },
      refusals: ['not_found', 'invalid_request', 'invalid_cursor'],
    },
  },
  '/api/{tenant}/subscriptions/{id}': {
    get: {
      summary: 'One subscription',
      scope: 'webhooks:read',
      tag: TAG,
      answer: { status: 200, description: 'The subscription.', schema: proignSubscriptionView },
      refusals: ['not_found'],
    },
    delete: {
      summary: 'Delete a subscription',
      scope: 'webhooks:write',
      tag: TAG,
      answer: { status: 204, description: 'It is gone; what waited for it ends as cancelled.' },
      refusals: ['not_found', 'unavailable'],
    },
  },
  '/api/{tenant}/subscriptions/{id}/test': {
    post: {
      summary: 'Send a test event',
      scope: 'webhooks:write',
      tag: TAG,
      answer: { status: 202, description: 'The test is on its way.', schema: proignTestView },
      refusals: ['not_found', 'conflict', 'idempotency_conflict', 'unavailable'],
    },
  },
  '/api/{tenant}/subscriptions/{id}/deliveries': {
    get: {
      summary: 'Delivery history',
      scope: 'deliveries:read',
      tag: TAG,
      query: paging,
      answer: { status: 200, description: 'Deliveries, newest first.', schema: page(proignDeliveryView) },
      refusals: ['not_found', 'invalid_request', 'invalid_cursor'],
    },
  },
};
