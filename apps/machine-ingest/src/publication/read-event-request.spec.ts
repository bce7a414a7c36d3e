import fc from 'fast-check';
import { type EventRequest, type EventRequestReading, readEventRequest } from './read-event-request';

const context = {
  tenant: 'acme',
  acceptedAt: '2026-02-17T13:00:00.000Z',
  fallbackId: (index: number) => `evt_${index}`,
};
const JSON_TYPE = 'application/json';
const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';

const read = (
  body: string | Buffer,
  contentType: string | undefined = JSON_TYPE,
  headers: EventRequest['headers'] = {},
) => readEventRequest({ contentType, headers, body: Buffer.from(body) }, context);
const eventsOf = (reading: EventRequestReading) => {
  if (reading.kind !== 'events') throw new Error(JSON.stringify(reading.problem));
  return reading.events;
};
const problemOf = (reading: EventRequestReading) => {
  if (reading.kind !== 'problem') throw new Error('accepted');
  return reading.problem;
};
const ce = (over: Record<string, unknown> = {}) => ({
  specversion: '1.0',
  id: 'a-1',
  source: '/erp',
  type: 'order.created',
  data: { n: 1 },
  ...over,
});

describe('operational events are refused from outside, so that nobody can forge them', () => {
  it.each([
    ['by their source', { source: '/millrace/operations', type: 'endpoint.down' }, 'source'],
    ['by their type', { type: 'endpoint.down' }, 'type'],
  ])('%s', (_how, forged, member) => {
    expect(problemOf(read(JSON.stringify([ce(), ce(forged)]), BATCH))).toMatchObject({
      code: 'invalid_event',
      errors: [{ path: `[1].${member}`, code: 'invalid_attribute' }],
    });
  });
});

describe('the four forms', () => {
  it('native, one', () => {
    const [event] = eventsOf(read('{"type":"machine.alarm","data":{"a": 1.0},"subject":"RF-1"}'));
    expect(event).toMatchObject({
      id: 'evt_0',
      type: 'machine.alarm',
      tenant: 'acme',
      source: 'urn:millrace:acme',
      subject: 'RF-1',
      time: context.acceptedAt,
      data: '{"a": 1.0}',
    });
  });
  it('native, an array, each with its own bytes', () => {
    const events = eventsOf(
      read('[{"type":"a","data":12345678901234567890}, {"data" : {"x":"\\/"} ,"type":"b","id":"mine"}]'),
    );
    expect(events.map(({ id, data }) => [id, data])).toEqual([
      ['evt_0', '12345678901234567890'],
      ['mine', '{"x":"\\/"}'],
    ]);
  });
  it('a CloudEvent that calls itself plain JSON, alone and in an array', () => {
    expect(eventsOf(read(JSON.stringify(ce())))).toMatchObject([{ id: 'a-1', source: '/erp', data: '{"n":1}' }]);
    const mixed = eventsOf(read(JSON.stringify([ce(), { type: 'order.created', data: 2 }])));
    expect(mixed.map(({ source }) => source)).toEqual(['/erp', 'urn:millrace:acme']);
    expect(problemOf(read(JSON.stringify(ce({ id: undefined })))).code).toBe('invalid_event');
  });
  it('CloudEvents structured', () => {
    expect(eventsOf(read(JSON.stringify(ce()), `${STRUCTURED}; charset=UTF-8`))).toMatchObject([
      { id: 'a-1', source: '/erp', data: '{"n":1}' },
    ]);
  });
  it('CloudEvents batch', () => {
    const body = `[${JSON.stringify(ce())},\n${JSON.stringify(ce({ id: 'a-2', tenantid: 'acme' }))}]`;
    expect(eventsOf(read(body, BATCH)).map(({ id }) => id)).toEqual(['a-1', 'a-2']);
  });
  it('CloudEvents binary, with percent-encoded attributes', () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'a-1',
      'ce-source': '/erp',
      'ce-type': 'order.created',
      'ce-subject': 'D%C3%BCse%2099',
    };
    expect(eventsOf(read('{"n": 1.50}', JSON_TYPE, headers))).toMatchObject([
      { id: 'a-1', subject: 'Düse 99', data: '{"n": 1.50}' },
    ]);
  });
});

describe('what is refused', () => {
  const native = (over: object) => JSON.stringify({ type: 'a', data: 1, ...over });
  it.each<[string, () => EventRequestReading, number, string, string | null]>([
    ['no JSON', () => read('{"type":'), 400, 'invalid_json', null],
    ['nothing', () => read(''), 400, 'invalid_json', null],
    ['no UTF-8', () => read(Buffer.from([0x22, 0xff, 0x22])), 400, 'invalid_json', null],
    ['a form', () => read('type=a', 'application/x-www-form-urlencoded'), 415, 'unsupported_media_type', null],
    ['another charset', () => read('{}', 'application/json; charset=utf-16'), 415, 'unsupported_media_type', null],
    ['CloudEvents in XML', () => read('<e/>', 'application/cloudevents+xml'), 415, 'unsupported_media_type', null],
    ['an empty array', () => read('[]'), 422, 'invalid_event', null],
    ['a bare value', () => read('7'), 422, 'invalid_event', ''],
    ['an array as one structured event', () => read('[]', STRUCTURED), 422, 'invalid_event', ''],
    ['binary mode without JSON', () => read('{', JSON_TYPE, { 'ce-specversion': '1.0' }), 400, 'invalid_json', null],
    ['no type', () => read('{"data":1}'), 422, 'invalid_event', 'type'],
    ['no data', () => read('{"type":"a"}'), 422, 'invalid_event', 'data'],
    ['an unknown member', () => read(native({ topic: 'x' })), 422, 'invalid_event', 'topic'],
    ['__proto__', () => read('{"type":"a","data":1,"__proto__":{"id":"x"}}'), 422, 'invalid_event', '__proto__'],
    ['a wrong time', () => read(native({ timestamp: 'yesterday' })), 422, 'invalid_event', 'timestamp'],
    ['too much data', () => read(native({ data: 'x'.repeat(262_143) })), 413, 'too_large', 'data'],
    ['too many events', () => read(`[${Array(1001).fill(native({})).join(',')}]`), 413, 'too_large', null],
    [
      '5,000 levels',
      () => read(`{"type":"a","data":${'['.repeat(5000)}${']'.repeat(5000)}}`),
      422,
      'invalid_event',
      '',
    ],
    [
      '65 levels of data',
      () => read(`{"type":"a","data":${'['.repeat(65)}${']'.repeat(65)}}`),
      422,
      'invalid_event',
      'data',
    ],
    [
      'another tenant',
      () => read(JSON.stringify(ce({ tenantid: 'other' })), STRUCTURED),
      422,
      'invalid_event',
      'tenantid',
    ],
    [
      'another tenant in a header',
      () =>
        read('1', JSON_TYPE, {
          'ce-specversion': '1.0',
          'ce-id': '1',
          'ce-type': 'a',
          'ce-source': '/x',
          'ce-tenantid': 'other',
        }),
      422,
      'invalid_event',
      'tenantid',
    ],
    [
      'a header that is no UTF-8',
      () => read('1', JSON_TYPE, { 'ce-specversion': '1.0', 'ce-type': 'a%FF' }),
      422,
      'invalid_event',
      'type',
    ],
    [
      'binary data in a structured event',
      () => read(JSON.stringify(ce({ data_base64: 'AA==' })), STRUCTURED),
      422,
      'invalid_event',
      'data_base64',
    ],
    [
      'version 0.3',
      () => read(JSON.stringify(ce({ specversion: '0.3' })), STRUCTURED),
      422,
      'invalid_event',
      'specversion',
    ],
  ])('%s', (_, reading, status, code, path) => {
    const found = problemOf(reading());
    expect([found.status, found.code]).toEqual([status, code]);
    expect(found.detail.length).toBeGreaterThan(10);
    if (path !== null) expect(found.errors?.[0]?.path).toBe(path);
  });

  it('names every wrong event of a batch, and takes none', () => {
    const body = JSON.stringify([ce(), ce({ time: 'noon' }), ce(), ce({ type: undefined })]);
    expect(problemOf(read(body, BATCH))).toMatchObject({
      status: 422,
      code: 'invalid_event',
      errors: [
        { path: '[1].time', code: 'invalid_attribute' },
        { path: '[3].type', code: 'missing_attribute' },
      ],
    });
  });

  it('takes 64 levels of data, and 1,000 events', () => {
    expect(eventsOf(read(`[{"type":"a","data":${'['.repeat(64)}${']'.repeat(64)}}]`))).toHaveLength(1);
    expect(eventsOf(read(`[${Array(1000).fill(native({})).join(',')}]`))).toHaveLength(1000);
  });
});

it('answers anything with events or a problem, and keeps the bytes of data', () => {
  const types = fc.constantFrom(JSON_TYPE, STRUCTURED, BATCH, undefined, '', ';', 'application/cloudevents');
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(`[{"type":"a","data":${text}}]`)),
    fc.anything().map((value) => Buffer.from(JSON.stringify({ ...ce(), data: value }) ?? '')),
  );
  const headers = fc.dictionary(
    fc.constantFrom('ce-specversion', 'ce-id', 'ce-type', 'ce-source', 'ce-time', 'ce-__proto__'),
    fc.string(),
  );
  fc.assert(
    fc.property(bodies, types, headers, (body, contentType, given) => {
      const reading = readEventRequest({ body, contentType, headers: given }, context);
      // an event that came without data has null
      if (reading.kind === 'events') for (const { data } of reading.events) expect(`${body}null`).toContain(data);
      else expect(reading.problem.status).toBeLessThan(500);
    }),
    { numRuns: 1000 },
  );
});
