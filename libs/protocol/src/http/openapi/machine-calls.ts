import { z } from 'zod';
import { machineListSchema, machineSignalListSchema, machineViewSchema } from '../machines';
import { publishSignalsSchema, signalsAcceptedSchema } from '../signals';
import { type Calls, paging, WRITE } from './call';

export const MACHINE_CALLS: Calls = {
  '/v1/signals': {
    post: {
      summary: 'Publish one signal or a list',
      scope: 'machines:write',
      tag: 'Machines',
      body: {
        'application/json': publishSignalsSchema,
        'application/x-ndjson': z.string().meta({
          description:
            'One Signal on each line, also as they are recorded; wrong lines are named in `rejected` by their index.',
        }),
      },
      answer: { status: 202, description: 'Kafka has acknowledged the signals.', schema: signalsAcceptedSchema },
      refusals: [...WRITE, 'idempotency_conflict', 'rate_limited'],
    },
  },
  '/v1/machines': {
    get: {
      summary: 'What each machine is doing now',
      scope: 'machines:read',
      tag: 'Machines',
      query: paging,
      answer: { status: 200, description: 'A page of machines.', schema: machineListSchema },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/machines/{id}': {
    get: {
      summary: 'What one machine is doing now',
      scope: 'machines:read',
      tag: 'Machines',
      answer: { status: 200, description: 'The machine.', schema: machineViewSchema },
      refusals: ['not_found'],
    },
    delete: {
      summary:
        'Remove a machine that no source and no mapping names and that is not heard: its state and last signals go, and no event is told; a value that comes later makes it anew',
      scope: 'machines:write',
      tag: 'Machines',
      answer: {
        status: 204,
        description:
          'The removal is in the log; the machine is out of the lists in a moment, unless it has spoken meanwhile: then it stays as it is.',
      },
      refusals: ['not_found', 'conflict', 'unavailable'],
    },
  },
  '/v1/machines/{id}/signals': {
    get: {
      summary: 'What was heard last of each data item of a machine, mapped or not; up to ten seconds late',
      scope: 'machines:read',
      tag: 'Machines',
      query: paging,
      answer: { status: 200, description: 'A page of data items, by path.', schema: machineSignalListSchema },
      refusals: ['not_found', 'invalid_request', 'invalid_cursor'],
    },
  },
};
