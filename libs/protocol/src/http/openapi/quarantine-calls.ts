import {
  discardRequest,
  QUARANTINE_LISTS,
  QUARANTINE_STATES,
  quarantinedDetailView,
  quarantinedView,
  redriveManyRequest,
  redrivenManyView,
  redrivenView,
  redriveRequest,
} from '../quarantine';
import { type Calls, json, page, paging, period, WRITE } from './call';

export const QUARANTINE_CALLS: Calls = {
  '/v1/quarantine': {
    get: {
      summary: 'List what could not be used, newest first',
      scope: 'deliveries:read',
      tag: 'Quarantine',
      query: {
        list: { description: 'Events or signals.', schema: { type: 'string', enum: QUARANTINE_LISTS } },
        state: { description: 'State.', schema: { type: 'string', enum: QUARANTINE_STATES } },
        code: { description: 'Reason, such as `not_json`.' },
        ...period,
        ...paging,
      },
      answer: { status: 200, description: 'A page of the quarantine.', schema: page(quarantinedView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/quarantine/{id}': {
    get: {
      summary: 'One record of the quarantine with its bytes',
      scope: 'deliveries:read',
      tag: 'Quarantine',
      answer: { status: 200, description: 'The record.', schema: quarantinedDetailView },
      refusals: ['not_found'],
    },
  },
  '/v1/quarantine/{id}/redrive': {
    post: {
      summary: 'Send a record of the quarantine on its way again, as it came or corrected',
      scope: 'deliveries:write',
      tag: 'Quarantine',
      body: json(redriveRequest),
      optionalBody: true,
      answer: {
        status: 202,
        description: 'The record is on its topic again; if it is refused once more, that is a new record here.',
        schema: redrivenView,
      },
      refusals: [...WRITE, 'not_found', 'not_redrivable', 'still_refused', 'idempotency_conflict'],
    },
  },
  '/v1/quarantine/{id}/discard': {
    post: {
      summary: 'Note that nothing is to be done about a record of the quarantine',
      scope: 'deliveries:write',
      tag: 'Quarantine',
      body: json(discardRequest),
      optionalBody: true,
      answer: { status: 204, description: 'Noted; the bytes stay until their time is over.' },
      refusals: [...WRITE, 'not_found', 'idempotency_conflict'],
    },
  },
  '/v1/quarantine/redrive': {
    post: {
      summary: 'Send all open records of the quarantine that match on their way again, oldest first',
      scope: 'deliveries:write',
      tag: 'Quarantine',
      body: json(redriveManyRequest),
      answer: { status: 202, description: 'What was sent, and what was not and why.', schema: redrivenManyView },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
};
