import { apiKeyView, createApiKeyRequest, createdApiKeyView } from '../api-keys';
import { type Calls, json, page, paging, WRITE } from './call';

export const API_KEY_CALLS: Calls = {
  '/v1/api-keys': {
    get: {
      summary: 'List API keys',
      scope: 'admin',
      tag: 'API keys',
      query: paging,
      answer: { status: 200, description: 'A page of keys, without the keys themselves.', schema: page(apiKeyView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
    post: {
      summary: 'Make an API key',
      scope: 'admin',
      tag: 'API keys',
      body: json(createApiKeyRequest),
      answer: { status: 201, description: 'The key; shown only here.', schema: createdApiKeyView },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
  '/v1/api-keys/{id}': {
    delete: {
      summary: 'Revoke an API key',
      scope: 'admin',
      tag: 'API keys',
      answer: { status: 204, description: 'Revoked.' },
      refusals: ['not_found', 'unavailable'],
    },
  },
};
