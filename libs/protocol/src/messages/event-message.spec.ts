import type { Event, EventReading } from '@millrace/domain';
import fc from 'fast-check';
import { jsonText } from '../../../test-environment/src/json-text.arbitrary';
import { decodeEvent, encodeEvent } from './event-message';
import type { IncomingMessage, OutgoingMessage } from './message';

const AT = Date.UTC(2026, 1, 17, 14, 0, 0);

const arrived = (change: Partial<IncomingMessage>): IncomingMessage => ({
  topic: 'millrace.events.mes',
  partition: 3,
  offset: 42n,
  timestamp: AT,
  key: null,
  value: Buffer.from('{}'),
  headers: {},
  ...change,
});
const headersOf = (headers: { readonly [name: string]: string }): { [name: string]: Buffer } =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]));
const received = (sent: OutgoingMessage): IncomingMessage =>
  arrived({
    key: sent.key === null ? null : Buffer.from(sent.key),
    value: sent.value,
    headers: headersOf(sent.headers),
  });
const eventOf = (reading: EventReading): Event => {
  if (reading.kind === 'refused') throw new Error(`${reading.refusal.code}: ${reading.refusal.detail}`);
  return reading.event;
};
const codeOf = (reading: EventReading): string => (reading.kind === 'refused' ? reading.refusal.code : 'event');

const binary = { ce_specversion: '1.0', ce_id: 'A-1', ce_type: 'machine.alarm', ce_source: '/plant-1' };
const structured = { specversion: '1.0', id: 'A-1', type: 'machine.alarm', source: '/plant-1' };

describe('encodeEvent and decodeEvent', () => {
  it('give back every event as it was, whatever its data', () => {
    const plain = fc
      .stringMatching(/^[^\u0000-\u001f\u007f-\u009f]{1,40}$/u)
      .filter((text) => !/\p{Surrogate}/u.test(text));
    fc.assert(
      fc.property(plain, plain, fc.option(plain), jsonText, fc.boolean(), (sourceId, source, subject, data, traced) => {
        const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
        const first = eventOf(
          decodeEvent(
            received(
              encodeEvent('t', {
                id: 'unused',
                key: 'unused',
                sourceId,
                tenant: 'acme',
                type: 'machine.alarm',
                source,
                subject,
                time: '2026-02-17T13:59:55.120000+01:00',
                data,
                traceparent: traced ? traceparent : null,
              }),
            ),
            'default',
          ),
        );
        expect(first).toMatchObject({ sourceId, source, subject, data, tenant: 'acme' });
        expect(first.traceparent).toBe(traced ? traceparent : null);
        expect(eventOf(decodeEvent(received(encodeEvent('t', first)), 'default'))).toEqual(first);
      }),
      { numRuns: 500 },
    );
  });

  it('key the record by subject, else by the id of the producer', () => {
    const event = eventOf(decodeEvent(arrived({ headers: headersOf({ ...binary, ce_subject: 'M-7' }) }), 'default'));
    expect(encodeEvent('t', event)).toMatchObject({ topic: 't', key: 'M-7' });
    expect(encodeEvent('t', { ...event, subject: null })).toMatchObject({ key: 'A-1' });
    expect(encodeEvent('t', { ...event, subject: null }).headers).not.toHaveProperty('ce_subject');
  });
});

describe('decodeEvent', () => {
  it.each<[string, { readonly [name: string]: string }]>([
    ['application/cloudevents+json', {}],
    ['application/cloudevents+json; charset=utf-8', {}],
    ['application/cloudevents', {}],
    ['Application/CloudEvents+JSON', {}],
    ['application/json', {}],
    ['', {}],
  ])('reads structured mode with the content type %j', (contentType) => {
    const message = arrived({
      value: Buffer.from(JSON.stringify({ ...structured, data: { a: 1 } })),
      headers: contentType === '' ? {} : headersOf({ 'content-type': contentType }),
    });
    expect(eventOf(decodeEvent(message, 'default'))).toMatchObject({ sourceId: 'A-1', data: '{"a":1}' });
  });

  it.each([undefined, 'application/json', 'application/vnd.acme+json'])(
    'reads binary mode with the content type %j',
    (type) => {
      const message = arrived({
        value: Buffer.from('{"specversion":"9","id":"inner"}'),
        headers: headersOf(type === undefined ? binary : { ...binary, 'content-type': type }),
      });
      expect(eventOf(decodeEvent(message, 'default'))).toMatchObject({
        sourceId: 'A-1',
        data: '{"specversion":"9","id":"inner"}',
        time: '2026-02-17T14:00:00.000Z',
        tenant: 'default',
      });
    },
  );

  it('takes the header traceparent where the attribute is missing', () => {
    const one = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const other = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203332-01';
    const read = (headers: { [name: string]: string }) =>
      eventOf(decodeEvent(arrived({ headers: headersOf({ ...binary, ...headers }) }), 'default')).traceparent;
    expect(read({ traceparent: one })).toBe(one);
    expect(read({ traceparent: one, ce_traceparent: other })).toBe(other);
  });

  it('takes a tenant from the producer, as a header or as a member', () => {
    const inHeader = arrived({ headers: headersOf({ ...binary, ce_tenantid: 'acme' }) });
    const inBody = arrived({ value: Buffer.from(JSON.stringify({ ...structured, tenantid: 'acme' })) });
    for (const message of [inHeader, inBody]) expect(eventOf(decodeEvent(message, 'default')).tenant).toBe('acme');
  });

  const garbage: [string, Partial<IncomingMessage>, string][] = [
    ['a null value', { value: null }, 'empty_value'],
    ['a null value in binary mode', { value: null, headers: headersOf(binary) }, 'empty_value'],
    ['an empty value', { value: Buffer.alloc(0) }, 'not_json'],
    ['invalid UTF-8', { value: Buffer.from([0x7b, 0xff, 0x7d]) }, 'not_utf8'],
    ['half a character', { value: Buffer.from('"é"').subarray(0, 2), headers: headersOf(binary) }, 'not_utf8'],
    [
      'an encoded surrogate',
      { value: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), headers: headersOf(binary) },
      'not_utf8',
    ],
    ['UTF-16', { value: Buffer.from('{}', 'utf16le'), headers: headersOf(binary) }, 'not_json'],
    ['text', { value: Buffer.from('hello') }, 'not_json'],
    ['a number', { value: Buffer.from('17') }, 'not_json'],
    ['an array', { value: Buffer.from('[]') }, 'not_json'],
    ['an empty object', { value: Buffer.from('{}') }, 'missing_attribute'],
    [
      'a batch',
      { value: Buffer.from('[{}]'), headers: headersOf({ 'content-type': 'application/cloudevents-batch+json' }) },
      'not_json',
    ],
    [
      'Avro',
      { value: Buffer.from([0, 0, 0, 0, 1, 2]), headers: headersOf({ ...binary, 'content-type': 'application/avro' }) },
      'unsupported_content_type',
    ],
    [
      'binary mode without a version',
      { headers: headersOf({ ce_id: 'A-1', ce_type: 'x', ce_source: 's' }) },
      'missing_attribute',
    ],
    [
      'binary mode without an id',
      { headers: headersOf({ ce_specversion: '1.0', ce_type: 'x', ce_source: 's' }) },
      'missing_attribute',
    ],
    ['another version', { headers: headersOf({ ...binary, ce_specversion: '0.3' }) }, 'unsupported_specversion'],
    ['a NUL in an attribute', { headers: headersOf({ ...binary, ce_subject: 'a\u0000b' }) }, 'invalid_attribute'],
    ['nesting without end', { value: Buffer.from('['.repeat(1_000_000)), headers: headersOf(binary) }, 'too_deep'],
    ['too much data', { value: Buffer.from(`"${'x'.repeat(300_000)}"`), headers: headersOf(binary) }, 'too_large'],
    [
      'a thousand headers',
      { headers: headersOf(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`ce_h${at}`, 'x']))) },
      'missing_attribute',
    ],
    [
      'a header named __proto__',
      { headers: { ...headersOf(binary), ce___proto__: Buffer.from('x') }, value: Buffer.from('{') },
      'not_json',
    ],
  ];
  it.each(garbage)('refuses %s', (_what, change, code) => {
    expect(codeOf(decodeEvent(arrived(change), 'default'))).toBe(code);
  });

  it.each([-1, 0, AT, Date.UTC(2100, 0, 1), 8.64e15, 8.64e15 + 1, 2 ** 63, Number.NaN])(
    'takes a record with the timestamp %d',
    (timestamp) => {
      const event = eventOf(decodeEvent(arrived({ timestamp, headers: headersOf(binary) }), 'default'));
      expect(Number.isNaN(Date.parse(event.time))).toBe(false);
      // What it hands out it must be able to read again.
      expect(eventOf(decodeEvent(received(encodeEvent('t', event)), 'default'))).toEqual(event);
    },
  );

  it('throws for no bytes and no headers at all', () => {
    const bytes = fc.uint8Array({ maxLength: 60 }).map((content) => Buffer.from(content));
    const name = fc.constantFrom(
      ...Object.keys(binary),
      'content-type',
      'traceparent',
      'ce_tenantid',
      'ce_time',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.option(bytes), fc.dictionary(name, bytes), (value, headers) => {
        expect(['event', 'refused']).toContain(decodeEvent(arrived({ value, headers }), 'default').kind);
      }),
      { numRuns: 1000 },
    );
  });
});
