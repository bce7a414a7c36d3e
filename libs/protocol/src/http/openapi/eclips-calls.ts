import {
  createdEclipsWebhookView,
  createEclipsWebhookRequest,
  eclipsDeliveryView,
  eclipsRunSecretView,
  eclipsScopeRefusal,
  eclipsWebhookListView,
} from '../compatible-apis/eclips';
import { DELIVERY_STATUSES } from '../history';
import { type Calls, json, page, paging, WRITE } from './call';

const TAG = 'eClips';
/** As its documents show it. */
const errors = { 403: { description: 'The API key lacks the scope.', schema: eclipsScopeRefusal } };

export const ECLIPS_CALLS: Calls = {
  '/v1/webhooks': {
    post: {
      summary: 'Register a webhook as eClips documents it',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(createEclipsWebhookRequest),
      answer: {
        status: 201,
        description: 'The webhook with its secret, shown once.',
        schema: createdEclipsWebhookView,
      },
      refusals: [...WRITE, 'invalid_url', 'destination_not_allowed', 'conflict', 'idempotency_conflict'],
      errors,
    },
    get: {
      summary: 'List webhooks, newest first',
      scope: 'webhooks:read',
      tag: TAG,
      query: {
        limit: { description: 'Items.', schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } },
        offset: { description: 'Items before them.', schema: { type: 'integer', minimum: 0, default: 0 } },
      },
      answer: { status: 200, description: 'The webhooks.', schema: eclipsWebhookListView },
      refusals: ['invalid_request'],
      errors,
    },
  },
  '/v1/webhooks/{id}': {
    delete: {
      summary: 'Delete a webhook',
      scope: 'webhooks:write',
      tag: TAG,
      answer: { status: 204, description: 'It is gone; what waited for it ends as cancelled.' },
      refusals: ['not_found', 'unavailable'],
      errors,
    },
  },
  '/v1/webhooks/run-secret': {
    post: {
      summary: 'Make the secret that signs what goes to the webhook_url of a run',
      scope: 'webhooks:write',
      tag: TAG,
      answer: { status: 201, description: 'The secret, shown once.', schema: eclipsRunSecretView },
      refusals: ['conflict', 'idempotency_conflict', 'unavailable'],
      errors,
    },
    delete: {
      summary: 'Delete the run secret',
      scope: 'webhooks:write',
      tag: TAG,
      answer: { status: 204, description: 'From now on run URLs are refused.' },
      refusals: ['not_found', 'unavailable'],
      errors,
    },
  },
  '/v1/webhooks/deliveries': {
    get: {
      summary: 'Recent attempts, those to run URLs included',
      scope: 'deliveries:read',
      tag: TAG,
      query: {
        ...paging,
        webhook_id: { description: 'Of one webhook.' },
        event: { description: 'Of one event type.' },
        status: { description: 'In one status.', schema: { type: 'string', enum: [...DELIVERY_STATUSES] } },
      },
      answer: { status: 200, description: 'Deliveries, newest first.', schema: page(eclipsDeliveryView) },
      refusals: ['invalid_request', 'invalid_cursor'],
      errors,
    },
  },
};
