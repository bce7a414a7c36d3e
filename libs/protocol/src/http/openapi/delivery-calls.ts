import {
  cancelManyRequest,
  commandAcceptedView,
  heldKeyView,
  manyCommandsView,
  retryDeliveryRequest,
  retryManyRequest,
} from '../commands';
import { DELIVERY_STATUSES } from '../history';
import { type Calls, json, page, paging, period, WRITE } from './call';
import { delivery, deliveryDetail } from './history-schemas';

/** Of the commands on deliveries. */
const COMMANDED =
  'The event log has the command. What became of it stands in `commands` of the delivery; of several that were decided upon the same state the first wins, and the rest are refused as `stale`.';
const COMMANDED_MANY =
  'The event log has a command for each delivery that matched, up to `limit`. Called again after a 503 it goes on with those that are left.';

export const DELIVERY_CALLS: Calls = {
  '/v1/deliveries': {
    get: {
      summary: 'List deliveries, newest first',
      scope: 'deliveries:read',
      tag: 'Deliveries',
      query: {
        endpointId: { description: 'Endpoint.' },
        eventType: { description: 'Event type.' },
        eventId: { description: 'Event.' },
        status: { description: 'Status.', schema: { type: 'string', enum: DELIVERY_STATUSES } },
        subject: { description: 'Subject of the event.' },
        trigger: {
          description: 'What made it: an event, a test of its endpoint, or a recovery.',
          schema: { type: 'string', enum: ['event', 'test', 'recovery'] },
        },
        ...period,
        ...paging,
      },
      answer: { status: 200, description: 'A page of deliveries.', schema: page(delivery) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
  '/v1/deliveries/{id}': {
    get: {
      summary: 'One delivery with all its attempts',
      scope: 'deliveries:read',
      tag: 'Deliveries',
      answer: { status: 200, description: 'The delivery.', schema: deliveryDetail },
      refusals: ['not_found'],
    },
  },
  '/v1/deliveries/{id}/retry': {
    post: {
      summary: 'Try a delivery again, from the first attempt of its schedule',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      body: json(retryDeliveryRequest),
      optionalBody: true,
      answer: { status: 202, description: COMMANDED, schema: commandAcceptedView },
      refusals: [
        ...WRITE,
        'not_found',
        'delivery_succeeded',
        'delivery_pending',
        'delivery_parked',
        'delivery_expired',
        'idempotency_conflict',
      ],
    },
  },
  '/v1/deliveries/{id}/cancel': {
    post: {
      summary: 'Make no further attempt at a delivery',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      answer: {
        status: 202,
        description: `${COMMANDED} A request that is under way may still arrive; if it succeeds, the delivery is succeeded and the command is refused.`,
        schema: commandAcceptedView,
      },
      refusals: [...WRITE, 'not_found', 'delivery_succeeded', 'delivery_ended', 'idempotency_conflict'],
    },
  },
  '/v1/deliveries/{id}/skip': {
    post: {
      summary: 'End the delivery that others of its key wait behind, so that they go on',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      answer: { status: 202, description: COMMANDED, schema: commandAcceptedView },
      refusals: [
        ...WRITE,
        'not_found',
        'delivery_succeeded',
        'delivery_ended',
        'delivery_pending',
        'delivery_parked',
        'nothing_waits_behind',
        'idempotency_conflict',
      ],
    },
  },
  '/v1/deliveries/retry': {
    post: {
      summary: 'Try again all deliveries that match a filter',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      body: json(retryManyRequest),
      answer: { status: 202, description: COMMANDED_MANY, schema: manyCommandsView },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
  '/v1/deliveries/cancel': {
    post: {
      summary: 'Make no further attempt at all deliveries that match a filter',
      scope: 'deliveries:write',
      tag: 'Deliveries',
      body: json(cancelManyRequest),
      answer: { status: 202, description: COMMANDED_MANY, schema: manyCommandsView },
      refusals: [...WRITE, 'idempotency_conflict'],
    },
  },
  '/v1/endpoints/{id}/held-keys': {
    get: {
      summary: 'Keys of an endpoint whose deliveries wait behind one of them',
      scope: 'deliveries:read',
      tag: 'Deliveries',
      query: paging,
      answer: { status: 200, description: 'A page of held keys, longest held first.', schema: page(heldKeyView) },
      refusals: ['invalid_request', 'invalid_cursor'],
    },
  },
};
