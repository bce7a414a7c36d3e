import { type Endpoint, type Event, eventKey } from '@millrace/domain';
import { encodeEvent, type IncomingMessage, type RecoveryOrder } from '@millrace/protocol';
import { MatchIndex } from '../directory/match-index';
import { EventSelection } from './event-selection';
import { endpointOf, orderOf } from './orders.fixture';

const AT = 1_760_000_000_000;

const eventOf = (type: string, more: Partial<Event> = {}): Event => ({
  id: 'evt_1',
  key: eventKey('default', '/plant', 'evt_1'),
  sourceId: 'evt_1',
  tenant: 'default',
  type,
  source: '/plant',
  subject: null,
  time: '2025-10-09T08:53:20Z',
  data: '{"level":3}',
  traceparent: null,
  ...more,
});

const messageOf = (event: Event, timestamp = AT): IncomingMessage => {
  const { value, headers } = encodeEvent('t.events.mes', event);
  return raw(
    value!,
    Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
    timestamp,
  );
};

const raw = (value: Buffer | null, headers: { [name: string]: Buffer }, timestamp = AT): IncomingMessage => ({
  topic: 't.events.mes',
  partition: 0,
  offset: 5n,
  timestamp,
  key: null,
  value,
  headers,
});

const structured = (more: object, contentType?: string): IncomingMessage =>
  raw(
    Buffer.from(
      JSON.stringify({ specversion: '1.0', id: 'evt_1', source: '/plant', type: 'machine.alarm', data: {}, ...more }),
    ),
    contentType === undefined ? {} : { 'content-type': Buffer.from(contentType), ce_type: Buffer.from('order.x') },
  );

const kindOf = (message: IncomingMessage, endpoint: Partial<Endpoint> = {}, order: Partial<RecoveryOrder> = {}) => {
  const index = new MatchIndex();
  index.put(endpointOf('ep_1', { eventTypes: ['machine.*'], ...endpoint }));
  return new EventSelection(orderOf('r', order), index.get('ep_1')!).select(message).kind;
};

describe('which events a recovery is about', () => {
  it.each<[string, IncomingMessage, Partial<Endpoint>, Partial<RecoveryOrder>, string]>([
    ['one that matches', messageOf(eventOf('machine.alarm')), {}, {}, 'wanted'],
    ['of another type', messageOf(eventOf('order.shipped')), {}, {}, 'unwanted'],
    [
      'that its contract cannot carry',
      messageOf(eventOf('machine.alarm', { data: '{"n":1e400}' })),
      { contract: 'mes' },
      {},
      'unwanted',
    ],
    ['that its contract carries', messageOf(eventOf('machine.alarm')), { contract: 'mes' }, {}, 'wanted'],
    ['of another tenant', messageOf(eventOf('machine.alarm', { tenant: 'acme' })), {}, {}, 'foreign'],
    [
      'of the tenant that asks',
      messageOf(eventOf('machine.alarm', { tenant: 'acme' })),
      { tenant: 'acme' },
      { tenant: 'acme' },
      'wanted',
    ],
    ['within narrower types', messageOf(eventOf('machine.alarm')), {}, { eventTypes: ['machine.alarm'] }, 'wanted'],
    [
      'outside of narrower types',
      messageOf(eventOf('machine.stop')),
      {},
      { eventTypes: ['machine.alarm'] },
      'unwanted',
    ],
    ['asked for but not subscribed to', messageOf(eventOf('order.x')), {}, { eventTypes: ['*'] }, 'unwanted'],
    ['that the filter takes', messageOf(eventOf('machine.alarm')), { filter: { level: 3 } }, {}, 'wanted'],
    ['that the filter leaves out', messageOf(eventOf('machine.alarm')), { filter: { level: 4 } }, {}, 'unwanted'],
    ['at the first moment', messageOf(eventOf('machine.alarm')), {}, { since: AT }, 'wanted'],
    ['before it', messageOf(eventOf('machine.alarm')), {}, { since: AT + 1 }, 'foreign'],
    ['at the last moment', messageOf(eventOf('machine.alarm')), {}, { until: AT }, 'foreign'],
    ['just before it', messageOf(eventOf('machine.alarm')), {}, { until: AT + 1 }, 'wanted'],
    [
      'an operational event about the endpoint itself',
      messageOf(eventOf('endpoint.down', { source: '/millrace/operations', subject: 'ep_1' })),
      { eventTypes: ['*'] },
      {},
      'unwanted',
    ],
    [
      'an operational event about another endpoint',
      messageOf(eventOf('endpoint.down', { source: '/millrace/operations', subject: 'ep_2' })),
      { eventTypes: ['*'] },
      {},
      'wanted',
    ],
    ['in structured mode', structured({}), {}, {}, 'wanted'],
    ['in structured mode, for others', structured({ type: 'order.x' }), {}, {}, 'unwanted'],
    ['in structured mode, of another tenant', structured({ tenantid: 'acme' }), {}, {}, 'foreign'],
    [
      'in structured mode with headers that say otherwise',
      structured({}, 'application/cloudevents+json'),
      {},
      {},
      'wanted',
    ],
    ['garbage', raw(Buffer.from('garbage'), {}), {}, {}, 'foreign'],
    ['nothing', raw(null, {}), {}, {}, 'foreign'],
    [
      'garbage with good headers',
      raw(Buffer.from('{'), messageOf(eventOf('machine.alarm')).headers),
      {},
      {},
      'foreign',
    ],
  ])('%s', (_name, message, endpoint, order, kind) => {
    expect(kindOf(message, endpoint, order)).toBe(kind);
  });
});
