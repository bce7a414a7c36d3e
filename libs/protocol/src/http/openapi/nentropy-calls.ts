import {
  changedNentropyWebhookView,
  createdNentropyWebhookView,
  createNentropyWebhookRequest,
  nentropyWebhookView,
  updateNentropyWebhookRequest,
} from '../compatible-apis/nentropy';
import { type Calls, json, page, paging, WRITE } from './call';

const TAG = "N'entropy";

export const NENTROPY_CALLS: Calls = {
  '/api/v1/integration/webhook-events': {
    post: {
      summary: "Register a webhook as N'entropy documents it",
      scope: 'webhooks:write',
      tag: TAG,
      body: json(createNentropyWebhookRequest),
      answer: {
        status: 201,
        description: 'The webhook with its secret, shown once.',
        schema: createdNentropyWebhookView,
      },
      refusals: [...WRITE, 'invalid_url', 'destination_not_allowed', 'conflict', 'idempotency_conflict'],
    },
    get: {
      summary: 'List webhooks',
      scope: 'webhooks:read',
      tag: TAG,
      query: paging,
      answer: { status: 200, description: 'A page of webhooks.', schema: page(nentropyWebhookView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/api/v1/integration/webhook-events/{id}': {
    get: {
      summary: 'One webhook',
      scope: 'webhooks:read',
      tag: TAG,
      answer: { status: 200, description: 'The webhook.', schema: nentropyWebhookView },
      refusals: ['not_found'],
    },
    patch: {
      summary: 'Change a webhook, or enable it again',
      scope: 'webhooks:write',
      tag: TAG,
      body: json(updateNentropyWebhookRequest),
      answer: {
        status: 200,
        description:
          'The webhook. Enabling it begins its count of failures anew, and `recovery` says what may be sent again.',
        schema: changedNentropyWebhookView,
      },
      refusals: [...WRITE, 'not_found', 'invalid_url', 'destination_not_allowed'],
    },
    delete: {
      summary: 'Delete a webhook',
      scope: 'webhooks:write',
      tag: TAG,
      answer: { status: 204, description: 'It is gone; what waited for it ends as cancelled.' },
      refusals: ['not_found', 'unavailable'],
    },
  },
};
