import { z } from 'zod';
import {
  activatedMappingView,
  mappingDetailView,
  mappingDocumentView,
  mappingRequest,
  mappingTrialView,
  mappingValidationView,
  mappingView,
  testMappingRequest,
} from '../mappings';
import { type Calls, json, page, paging, WRITE } from './call';

/** The document itself, or the document with the files of its tests. */
const document = {
  'application/yaml': z.string(),
  ...json(z.union([mappingRequest, z.record(z.string(), z.unknown())])),
};

export const MAPPING_CALLS: Calls = {
  '/v1/mappings': {
    get: {
      summary: 'The mappings that are active',
      scope: 'machines:read',
      tag: 'Mappings',
      query: paging,
      answer: { status: 200, description: 'A page of mappings, by name.', schema: page(mappingView) },
      refusals: ['invalid_request', 'invalid_cursor', 'unavailable'],
    },
    post: {
      summary: 'Activate a mapping: it is checked, its tests run, and its machines are read by it from now on',
      scope: 'machines:write',
      tag: 'Mappings',
      body: document,
      answer: {
        status: 201,
        description: 'The active version. A document that is active already is answered 200 and changes nothing.',
        schema: activatedMappingView,
      },
      refusals: [...WRITE, 'invalid_mapping', 'mapping_failed', 'conflict', 'idempotency_conflict'],
    },
  },
  '/v1/mappings/validate': {
    post: {
      summary: 'Check a mapping and run its tests; nothing is saved',
      scope: 'machines:read',
      tag: 'Mappings',
      body: document,
      answer: { status: 200, description: 'What is wrong with it, if anything.', schema: mappingValidationView },
      refusals: WRITE,
    },
  },
  '/v1/mappings/test': {
    post: {
      summary: 'What signals would have told under a mapping; nothing is saved',
      scope: 'machines:read',
      tag: 'Mappings',
      body: json(testMappingRequest),
      answer: { status: 200, description: 'The events.', schema: mappingTrialView },
      refusals: [...WRITE, 'invalid_mapping', 'not_found'],
    },
  },
  '/v1/mappings/{name}': {
    get: {
      summary: 'One mapping with its versions',
      scope: 'machines:read',
      tag: 'Mappings',
      answer: { status: 200, description: 'The mapping.', schema: mappingDetailView },
      refusals: ['not_found', 'unavailable'],
    },
    delete: {
      summary: 'Take a mapping out of force; its machines are read by the built-in one',
      scope: 'machines:write',
      tag: 'Mappings',
      answer: { status: 204, description: 'It is out of force.' },
      refusals: ['not_found', 'unavailable'],
    },
  },
  '/v1/mappings/{name}/versions/{version}': {
    get: {
      summary: 'One version as it was sent',
      scope: 'machines:read',
      tag: 'Mappings',
      answer: { status: 200, description: 'The version with its document.', schema: mappingDocumentView },
      refusals: ['not_found', 'unavailable'],
    },
  },
};
