import type { ProblemCode } from '../problem';
import { recoverEndpointRequest, recoveryView } from '../recoveries';
import { type Calls, json, page, paging, WRITE } from './call';

/** Of the calls that steer a recovery job. */
const STEERED =
  'The job. What was asked stands in `wanted`; `state` follows, mostly before this answer. Asking again changes nothing.';
const STEERING: readonly ProblemCode[] = ['not_found', 'recovery_ended', 'idempotency_conflict', 'unavailable'];

export const RECOVERY_CALLS: Calls = {
  '/v1/endpoints/{id}/recover': {
    post: {
      summary: 'Deliver to an endpoint again, or for the first time, what it missed',
      scope: 'webhooks:write',
      tag: 'Recoveries',
      body: json(recoverEndpointRequest),
      answer: {
        status: 202,
        description:
          'The recovery job. It waits up to 5 seconds for the counts; afterwards `state` is `counting`, and the job itself has them later. A repeat with the same Idempotency-Key answers the same job as it is now.',
        schema: recoveryView,
      },
      refusals: [...WRITE, 'not_found', 'conflict', 'idempotency_conflict'],
    },
  },
  '/v1/recoveries': {
    get: {
      summary: 'List recovery jobs, newest first',
      scope: 'webhooks:read',
      tag: 'Recoveries',
      query: { endpointId: { description: 'Endpoint.' }, ...paging },
      answer: { status: 200, description: 'A page of recovery jobs.', schema: page(recoveryView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/recoveries/{id}': {
    get: {
      summary: 'One recovery job',
      scope: 'webhooks:read',
      tag: 'Recoveries',
      answer: { status: 200, description: 'The job.', schema: recoveryView },
      refusals: ['not_found'],
    },
  },
  '/v1/recoveries/{id}/cancel': {
    post: {
      summary: 'End a recovery job; what it has sent stays sent',
      scope: 'webhooks:write',
      tag: 'Recoveries',
      answer: { status: 202, description: STEERED, schema: recoveryView },
      refusals: STEERING,
    },
  },
  '/v1/recoveries/{id}/pause': {
    post: {
      summary: 'Hold a recovery job',
      scope: 'webhooks:write',
      tag: 'Recoveries',
      answer: { status: 202, description: STEERED, schema: recoveryView },
      refusals: STEERING,
    },
  },
  '/v1/recoveries/{id}/resume': {
    post: {
      summary: 'Let a paused recovery job go on',
      scope: 'webhooks:write',
      tag: 'Recoveries',
      answer: { status: 202, description: STEERED, schema: recoveryView },
      refusals: STEERING,
    },
  },
};
