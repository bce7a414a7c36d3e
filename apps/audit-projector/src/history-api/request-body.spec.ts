import { eventRow } from '../projections/events/event.projection';
import { createdFact, sampleEvent } from '../projector/sample-log.fixture';
import { eventJson } from './event-view';
import type { StoredDelivery, StoredEvent } from './history-reader.store';
import { requestBody } from './request-body';

const event = sampleEvent('evt-1', {
  data: '{"a":14400.0,"b":12345678901234567890,"c":"\\u0000"}',
  subject: 'x\0\ud800',
});
const message = { topic: 't', partition: 0, offset: 0n, timestamp: 1_000, key: null, value: null, headers: {} };
const row = eventRow(event, message);
const stored: StoredEvent = {
  event_key: row.eventKey,
  event_id: row.eventId,
  type: row.type,
  accepted_at: '1000',
  attributes: row.attributes,
  data: row.data,
};
const created = createdFact(event, 'ep_1');
const delivery = {
  contract: 'standard',
  contract_version: 1,
  trigger: 'event',
  body_sha256: created.bodySha256,
} as StoredDelivery;

it('renders the bytes that were sent', () => {
  expect(requestBody('default', delivery, stored)).toEqual({
    text: `{"id":"evt-1","type":"machine.alarm","timestamp":"${event.time}","data":${event.data}}`,
    missing: null,
  });
});

it.each([
  ['test_event', { ...delivery, trigger: 'test' as const }, undefined],
  ['event_not_kept', delivery, undefined],
  ['contract_unknown', { ...delivery, contract_version: 99 }, stored],
  ['digest_differs', delivery, { ...stored, data: Buffer.from('{}') }],
])('says %s', (why, made, from) => {
  expect(requestBody('default', made, from)).toEqual({ text: null, missing: why });
});

it('leaves the data of an event as it came', () => {
  const text = eventJson(stored, { deliveries: [], rejections: [] });
  expect(text).toContain(`"data":${event.data},"deliveries":[],"rejections":[]}`);
  expect(JSON.parse(text)).toMatchObject({ id: 'evt-1', subject: 'x\0\ud800', acceptedAt: '1970-01-01T00:00:01.000Z' });
});
