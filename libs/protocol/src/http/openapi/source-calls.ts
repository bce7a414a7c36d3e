import { z } from 'zod';
import { messageReceiptSchema, publishSignalsSchema } from '../signals';
import {
  createSourceRequest,
  savedSourceView,
  sourceKindListView,
  sourceView,
  triedSourceView,
  trySourceRequest,
  updateSourceRequest,
} from '../sources';
import { type Calls, json, page, paging, WRITE } from './call';

const TRY = ['source_failed', 'destination_not_allowed'] as const;

export const SOURCE_CALLS: Calls = {
  '/v1/sources': {
    get: {
      summary: 'What machines are read from, and how each source is doing',
      scope: 'machines:read',
      tag: 'Sources',
      query: paging,
      answer: { status: 200, description: 'A page of sources, by name.', schema: page(sourceView) },
      refusals: ['invalid_request', 'invalid_cursor', 'unavailable'],
    },
    post: {
      summary: 'Try a source, and save it',
      scope: 'machines:write',
      tag: 'Sources',
      body: json(createSourceRequest),
      answer: { status: 201, description: 'The source, and what the try saw.', schema: savedSourceView },
      refusals: [...WRITE, ...TRY, 'conflict', 'idempotency_conflict'],
    },
  },
  '/v1/sources/try': {
    post: {
      summary: 'Connect once and tell what is seen; nothing is saved',
      scope: 'machines:write',
      tag: 'Sources',
      body: json(trySourceRequest),
      answer: { status: 200, description: 'What was seen.', schema: triedSourceView },
      refusals: [...WRITE, ...TRY, 'not_found'],
    },
  },
  '/v1/sources/in/{tenant}/{name}': {
    post: {
      summary: 'The address of a source of type http, to which its peer sends',
      access: 'source',
      tag: 'Sources',
      body: {
        'application/json': z.union([publishSignalsSchema, z.unknown()]).meta({
          description:
            'As the format of the source says: signals, any JSON, a bundle of Eclipse Pro, events of the MES.',
        }),
        'application/x-ndjson': z.string().meta({ description: 'One Signal on each line; of the format `signals`.' }),
      },
      answer: { status: 200, description: 'Kafka has acknowledged the message.', schema: messageReceiptSchema },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
  '/v1/source-kinds': {
    get: {
      summary: 'The kinds of source, with the schema of their settings',
      scope: 'machines:read',
      tag: 'Sources',
      answer: { status: 200, description: 'All kinds.', schema: sourceKindListView },
      refusals: [],
    },
  },
  '/v1/sources/{name}': {
    get: {
      summary: 'One source',
      scope: 'machines:read',
      tag: 'Sources',
      answer: { status: 200, description: 'The source.', schema: sourceView },
      refusals: ['not_found', 'unavailable'],
    },
    patch: {
      summary: 'Change a source, or switch it on or off',
      scope: 'machines:write',
      tag: 'Sources',
      body: json(updateSourceRequest),
      answer: {
        status: 200,
        description: 'The source; its owner goes on with these settings.',
        schema: savedSourceView,
      },
      refusals: [...WRITE, ...TRY, 'not_found', 'conflict'],
    },
    delete: {
      summary: 'Delete a source; what it has sent stays',
      scope: 'machines:write',
      tag: 'Sources',
      answer: { status: 204, description: 'It is deleted.' },
      refusals: ['not_found', 'conflict', 'unavailable'],
    },
  },
};
