import { auditEntryView, machineAuditEntryView } from '../audit-log';
import { contractPreviewView, contractView, previewContractRequest } from '../contracts';
import { type Calls, json, page, paging, WRITE } from './call';

export const CONTRACT_CALLS: Calls = {
  '/v1/contracts': {
    get: {
      summary: 'The delivery contracts and their rules',
      scope: 'webhooks:read',
      tag: 'Contracts',
      answer: { status: 200, description: 'All of them.', schema: page(contractView) },
      refusals: [],
    },
  },
  '/v1/contracts/{name}/preview': {
    post: {
      summary: 'What a request under a contract would be',
      scope: 'webhooks:read',
      tag: 'Contracts',
      body: json(previewContractRequest),
      answer: {
        status: 200,
        description: 'The exact headers and bytes, made by the functions that make the real ones. Nothing is sent.',
        schema: contractPreviewView,
      },
      refusals: [...WRITE.filter((code) => code !== 'unavailable'), 'invalid_event', 'not_found'],
    },
  },
};

export const AUDIT_CALLS: Calls = {
  '/v1/audit-log': {
    get: {
      summary: 'Who did what has to be answered for, newest first',
      scope: 'admin',
      tag: 'Audit log',
      query: paging,
      answer: { status: 200, description: 'A page of entries.', schema: page(auditEntryView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/audit-log/machines': {
    get: {
      summary: 'Who changed sources and mappings, newest first',
      scope: 'admin',
      tag: 'Audit log',
      query: paging,
      answer: { status: 200, description: 'A page of entries.', schema: page(machineAuditEntryView) },
      refusals: ['invalid_request', 'invalid_cursor', 'unavailable'],
    },
  },
};
