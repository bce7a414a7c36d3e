import type { OperationalType } from '@millrace/domain';
import { type BuiltInEventType, JSON_SCHEMA_2020_12 } from './built-in-event-type';
import { count, text, time } from './schema-words';

interface OperationalEventType extends BuiltInEventType {
  readonly name: OperationalType;
}

/** `more` are required, `sometimes` are not. */
const ofEndpoint = (
  reasons: readonly string[],
  more: { readonly [name: string]: object } = {},
  sometimes: { readonly [name: string]: object } = {},
) => ({
  $schema: JSON_SCHEMA_2020_12,
  type: 'object',
  required: ['endpointId', 'url', 'contract', 'reason', 'since', 'parked', ...Object.keys(more)],
  properties: {
    endpointId: text('The endpoint, ep_…'),
    url: text('Where it is, without the query.'),
    contract: text('Its contract.'),
    reason: { enum: reasons },
    since: time('Since when it is so.'),
    parked: count('Deliveries that wait for it.'),
    ...more,
    ...sometimes,
  },
});

const ofDelivery = (reasons: readonly string[]) => ({
  $schema: JSON_SCHEMA_2020_12,
  type: 'object',
  required: ['deliveryId', 'eventId', 'eventType', 'endpointId', 'attempts', 'lastOutcome', 'reason'],
  properties: {
    deliveryId: text('The delivery; GET /v1/deliveries/:id has its attempts.'),
    eventId: text('The event that was to be delivered.'),
    eventType: text('Its type.'),
    endpointId: text('The endpoint, ep_…'),
    attempts: count('Attempts made.'),
    lastOutcome: { type: ['string', 'null'], description: 'Of the last attempt: http_503, timeout, …' },
    reason: { enum: reasons },
  },
});

const failuresInARow = {
  failures: count('Failures in a row.'),
  limit: count('Failures in a row after which it is disabled.'),
};

const endpoint = {
  endpointId: 'ep_01k3v9q8zr5t7w2m4n6p8s0xyz',
  url: 'https://erp.example.com/hooks/millrace',
  contract: 'standard',
};
const delivery = {
  deliveryId: '019c5f3a-8b00-8c41-9d5e-2f6a7b8c9d0e',
  eventId: 'evt_01k3v9q8zr5t7w2m4n6p8s0abc',
  eventType: 'machine.alarm',
  endpointId: endpoint.endpointId,
};

/** What Millrace tells about endpoints and deliveries. Never delivered to the endpoint that an event is about. */
export const OPERATIONAL_EVENT_TYPES: readonly OperationalEventType[] = [
  {
    name: 'endpoint.down',
    version: 1,
    description:
      'An endpoint does not answer as it should. Its deliveries wait, parked, while Millrace probes it at growing intervals.',
    schema: ofEndpoint(['transport', 'failure_rate'], { failures: count('Failed requests that led to it.') }),
    example: { ...endpoint, reason: 'transport', since: '2026-01-15T10:30:00.000Z', failures: 10, parked: 12 },
  },
  {
    name: 'endpoint.recovered',
    version: 1,
    description: 'An endpoint that was down answers again. What waited for it goes out, oldest first.',
    schema: ofEndpoint(['delivery_succeeded'], { downSince: time('Since when it had been down.') }),
    example: {
      ...endpoint,
      reason: 'delivery_succeeded',
      since: '2026-01-15T11:02:00.000Z',
      downSince: '2026-01-15T10:30:00.000Z',
      parked: 340,
    },
  },
  {
    name: 'endpoint.disabled',
    version: 1,
    description:
      'Millrace disabled an endpoint: its receiver answered 410, or as many deliveries failed in a row as its contract allows. Its deliveries wait until its user sets it active.',
    schema: ofEndpoint(['receiver_answered_410', 'too_many_failures'], {}, failuresInARow),
    example: { ...endpoint, reason: 'receiver_answered_410', since: '2026-01-15T10:30:00.000Z', parked: 3 },
  },
  {
    name: 'endpoint.disable_warning',
    version: 1,
    description: 'An endpoint has come to 50, 70 or 90 % of the failures in a row after which it is disabled.',
    schema: ofEndpoint(['failures_in_a_row'], {
      ...failuresInARow,
      share: { enum: [50, 70, 90], description: 'Per cent of the limit.' },
    }),
    example: {
      ...endpoint,
      reason: 'failures_in_a_row',
      since: '2026-01-15T10:30:00.000Z',
      failures: 7,
      limit: 10,
      share: 70,
      parked: 0,
    },
  },
  {
    name: 'delivery.exhausted',
    version: 1,
    description: 'A delivery ended without success: its retries are used up.',
    schema: ofDelivery(['exhausted']),
    example: { ...delivery, attempts: 10, lastOutcome: 'http_503', reason: 'exhausted' },
  },
  {
    name: 'delivery.expired',
    version: 1,
    description: 'A delivery ended without success because its time ran out, sent or waiting.',
    schema: ofDelivery(['expired']),
    example: { ...delivery, attempts: 4, lastOutcome: 'timeout', reason: 'expired' },
  },
];
