import { DEFAULT_OPTIONS, type DeliveryTask, type Endpoint } from '@millrace/domain';
import { type ApiKeyRecord, decodeApiKey, encodeApiKey } from './api-key-message';
import { COMMAND_HEADER, type DeliveryCommand, decodeCommand, encodeCommand } from './command-message';
import { decodeDelivery, encodeDelivery, TASK_HEADER } from './delivery-message';
import {
  decodeEndpoint,
  decodeEndpointDisabled,
  type EndpointDisabled,
  encodeEndpoint,
  encodeEndpointDisabled,
} from './endpoint-message';
import type { IncomingMessage, OutgoingMessage } from './message';
import { decodeRejection, encodeRejection, REJECTION_HEADER, withoutOriginal } from './rejected-message';

const arrived = (change: Partial<IncomingMessage>): IncomingMessage => ({
  topic: 't',
  partition: 1,
  offset: 9_007_199_254_740_993n,
  timestamp: 5,
  key: null,
  value: null,
  headers: {},
  ...change,
});
const received = (sent: OutgoingMessage): IncomingMessage =>
  arrived({
    key: sent.key === null ? null : Buffer.from(sent.key),
    value: sent.value,
    headers: Object.fromEntries(Object.entries(sent.headers).map(([name, value]) => [name, Buffer.from(value)])),
  });
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
/** Values that no decoder may take, nor throw for. */
const GARBAGE = ['', 'x', 'null', '17', '"text"', '[]', '{}', '{"v":2}', '\u0000'].map((text) => Buffer.from(text));

describe('a delivery record', () => {
  const task: DeliveryTask = {
    deliveryId: '019c6c2a-0000-8000-8000-000000000000',
    tenant: 'default',
    endpointId: 'ep_ü',
    eventId: 'evt_1',
    eventKey: 'a'.repeat(32),
    eventType: 'machine.alarm',
    eventTime: '2026-02-17T13:59:55Z',
    subject: 'press-4',
    contract: { name: 'standard', version: 1 },
    trigger: { kind: 'recovery', id: 'rec_1' },
    epoch: 2,
    attempt: 3,
    acceptedAt: 1,
    firstFailedAt: 2,
    expiresAt: null,
    remainingDelayMs: 4,
    plannedAt: 5,
    chain: { sequence: 7, previousId: null },
    destination: null,
    replay: 'rec_1',
  };

  it('carries the body as bytes and the task beside it, keyed by the endpoint', () => {
    const body = Buffer.from([0, 0xff, 0x7b, 0xed, 0xa0, 0x80]);
    const sent = encodeDelivery('millrace.deliveries', { task, body, traceparent: '00-a-b-01' });
    expect([sent.topic, sent.key, sent.value]).toEqual(['millrace.deliveries', 'ep_ü', body]);
    expect(decodeDelivery(received(sent))).toEqual({ task, body, traceparent: '00-a-b-01' });
  });

  it('is null for what Millrace did not write', () => {
    expect(decodeDelivery(arrived({ value: Buffer.from('{}') }))).toBeNull();
    expect(decodeDelivery(arrived({ headers: { [TASK_HEADER]: json(task) } }))).toBeNull();
    for (const header of [...GARBAGE, json({ ...task, attempt: '1' }), json({ ...task, deliveryId: undefined })])
      expect(decodeDelivery(arrived({ value: Buffer.from('{}'), headers: { [TASK_HEADER]: header } }))).toBeNull();
  });

  it.each([
    ['no contract', { contract: undefined }],
    ['a contract without a name', { contract: { version: 1 } }],
    ['no tenant', { tenant: undefined }],
    ['no trigger', { trigger: null }],
    ['attempt 0', { attempt: 0 }],
    ['a subject that is no text', { subject: 7 }],
    ['a place below zero', { chain: { sequence: -1, previousId: null } }],
    ['a place that is no place', { chain: 'first' }],
    ['a replay that is no text', { replay: {} }],
    ['an epoch that is text', { epoch: '0' }],
    ['a negative delay', { remainingDelayMs: -1 }],
    ['a delay that is text', { remainingDelayMs: '5' }],
    ['an expiry that is text', { expiresAt: 'never' }],
    ['no time of acceptance', { acceptedAt: null }],
  ])('is null for a task with %s, which a handler could only fail over', (_what, change) => {
    const headers = { [TASK_HEADER]: json({ ...task, ...change }) };
    expect(decodeDelivery(arrived({ value: Buffer.from('{}'), headers }))).toBeNull();
  });
});

describe('a command', () => {
  const subject = {
    v: 1,
    commandId: 'cmd_1',
    by: 'k1',
    at: 5,
    tenant: 'default',
    endpointId: 'ep_1',
    deliveryId: '019c6c2a-0000-8000-8000-000000000000',
    expectedEpoch: 2,
    attempt: 3,
    recordOffset: 9_007_199_254_740,
  } as const;
  const retry: DeliveryCommand = {
    ...subject,
    kind: 'retry',
    chain: { sequence: 7, previousId: 'evt_0' },
    replay: 'cmd_1',
    force: false,
  };
  const commandIn = (header: Buffer) => decodeCommand(arrived({ headers: { [COMMAND_HEADER]: header } }));

  it.each<DeliveryCommand>([
    retry,
    { ...retry, chain: null, replay: null, recordOffset: null, force: true },
    { ...subject, kind: 'cancel', attempt: 0 },
    { ...subject, kind: 'skip' },
  ])('comes back as it was, in the partition of its endpoint and under its key: %j', (command) => {
    const sent = encodeCommand('millrace.deliveries', 3, command);
    expect([sent.topic, sent.partition, sent.key]).toEqual(['millrace.deliveries', 3, 'ep_1']);
    expect(decodeCommand(received(sent))).toEqual({ kind: 'command', command });
    expect(decodeDelivery(received(sent))).toBeNull();
  });

  it('is none where a record does not say that it is one', () => {
    expect(decodeCommand(arrived({ value: Buffer.from('{}') }))).toEqual({ kind: 'none' });
  });

  it('is unreadable where it says so and is not', () => {
    for (const header of GARBAGE) expect(commandIn(header)).toEqual({ kind: 'unreadable' });
  });

  it.each([
    ['no id', { commandId: '' }],
    ['nobody who asks', { by: undefined }],
    ['no epoch', { expectedEpoch: -1 }],
    ['no attempt', { attempt: undefined }],
    ['an offset that is text', { recordOffset: '5' }],
    ['another kind', { kind: 'drop' }],
    ['a retry that does not say whether by force', { force: undefined }],
    ['a retry with a place that is no place', { chain: { sequence: 'a' } }],
    ['a release to come', { v: 2 }],
  ])('is unreadable with %s', (_what, change) => {
    expect(commandIn(json({ ...retry, ...change }))).toEqual({ kind: 'unreadable' });
  });
});

describe('an endpoint record', () => {
  const endpoint: Endpoint = {
    id: 'ep_1',
    tenant: 'default',
    version: 3,
    url: 'https://example.com/',
    eventTypes: ['machine.*'],
    filter: { a: 1 },
    contract: 'standard',
    headers: { 'x-a': 'b' },
    ordering: 'key',
    rateLimit: { perSecond: 5, burst: 10 },
    retry: null,
    options: DEFAULT_OPTIONS,
    runUrls: false,
    status: 'active',
    statusReason: null,
    timeoutMs: null,
    description: 'Härte\u2028',
    createdAt: '2026-02-17T13:59:55Z',
    updatedAt: '2026-02-17T13:59:55Z',
    secrets: [{ id: 'sec_1', sealed: 'v1.x.y', expiresAt: null }],
  };

  it('comes back as it was, and as deleted when its value is null', () => {
    expect(decodeEndpoint(received(encodeEndpoint('t', 'ep_1', endpoint)))).toEqual({ kind: 'put', endpoint });
    expect(decodeEndpoint(received(encodeEndpoint('t', 'ep_1', null)))).toEqual({ kind: 'deleted', id: 'ep_1' });
  });

  it('is unreadable where it is none, or stands under another key', () => {
    const key = Buffer.from('ep_1');
    for (const value of [...GARBAGE, json({ v: 1 }), json({ v: 1, endpoint: null }), json({ v: 2, endpoint })])
      expect(decodeEndpoint(arrived({ key, value }))).toEqual({ kind: 'unreadable' });
    const sent = encodeEndpoint('t', 'ep_2', endpoint);
    expect(decodeEndpoint(received(sent))).toEqual({ kind: 'unreadable' });
    for (const none of [null, Buffer.alloc(0)])
      expect(decodeEndpoint(arrived({ key: none, value: null }))).toEqual({ kind: 'unreadable' });
  });

  it.each([
    ['event types', { eventTypes: undefined }],
    ['event types that are text', { eventTypes: [1] }],
    ['a version', { version: '3' }],
    ['headers', { headers: null }],
    ['secrets', { secrets: [null] }],
    ['a filter that is one', { filter: { a: {} } }],
    ['a tenant', { tenant: 1 }],
  ])('is unreadable without %s, over which a view could only fail', (_what, change) => {
    const value = json({ v: 1, endpoint: { ...endpoint, ...change } });
    expect(decodeEndpoint(arrived({ key: Buffer.from('ep_1'), value }))).toEqual({ kind: 'unreadable' });
  });

  it('tells what the engine decided', () => {
    const disabled: EndpointDisabled = {
      v: 1,
      kind: 'disabled',
      endpointId: 'ep_1',
      tenant: 'default',
      endpointVersion: 3,
      reason: 'receiver_answered_410',
      at: 1,
      deliveryId: 'd',
    };
    expect(decodeEndpointDisabled(received(encodeEndpointDisabled('t', disabled)))).toEqual(disabled);
    for (const value of [null, ...GARBAGE]) expect(decodeEndpointDisabled(arrived({ value }))).toBeNull();
  });
});

describe('an API key record', () => {
  const record: ApiKeyRecord = {
    v: 1,
    id: 'k1',
    tenant: 'default',
    name: 'CI',
    sha256: 'a'.repeat(64),
    scopes: ['events:write'],
    expiresAt: null,
  };

  it('comes back as it was, and as revoked when its value is null', () => {
    expect(decodeApiKey(received(encodeApiKey('t', 'k1', record)))).toEqual({ id: 'k1', record });
    expect(decodeApiKey(received(encodeApiKey('t', 'k1', null)))).toEqual({ id: 'k1', record: null });
  });

  it('is null for what is none, so that garbage revokes and grants nothing', () => {
    const key = Buffer.from('k1');
    for (const value of [...GARBAGE, json({ ...record, id: 'k2' }), json({ ...record, v: 2 })])
      expect(decodeApiKey(arrived({ key, value }))).toBeNull();
    expect(decodeApiKey(arrived({ value: json(record) }))).toBeNull();
  });
});

describe('a rejected record', () => {
  const why = { code: 'not_json', detail: 'The value is not JSON.' };

  it('keeps bytes, key, headers, place and reason of the original', () => {
    const original = arrived({
      topic: 'millrace.events.mes',
      key: Buffer.from([0xff]),
      value: Buffer.from([0xfe, 0]),
      headers: { ce_id: Buffer.from([0xfd]), __proto__x: Buffer.from('y') },
    });
    const decoded = decodeRejection(received(encodeRejection('r', original, why, 7)))!;
    expect(decoded.value).toEqual(original.value);
    expect(decoded.rejection).toEqual({
      v: 1,
      ...why,
      origin: { topic: 'millrace.events.mes', partition: 1, offset: '9007199254740993', timestamp: 5 },
      originalKey: '/w==',
      originalNull: false,
      originalBytes: 2,
      originalHeaders: { ce_id: '/Q==', __proto__x: 'eQ==' },
      at: 7,
    });
  });

  it('tells a null value from an empty one, and a null key from none', () => {
    const none = decodeRejection(received(encodeRejection('r', arrived({}), why, 7)))!;
    expect([none.rejection.originalNull, none.rejection.originalKey, none.value.length]).toEqual([true, null, 0]);
    const empty = decodeRejection(
      received(encodeRejection('r', arrived({ key: Buffer.alloc(0), value: Buffer.alloc(0) }), why, 7)),
    )!;
    expect([empty.rejection.originalNull, empty.rejection.originalKey]).toEqual([false, '']);
  });

  it('is keyed by the place of the original, and bounded against a hostile one', () => {
    const headers = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`h${at}`, Buffer.from('x')]));
    const sent = encodeRejection('r', arrived({ headers }), why, 7);
    expect(sent.key).toBe('t/1/9007199254740993');
    expect(Object.keys(decodeRejection(received(sent))!.rejection.originalHeaders)).toHaveLength(64);
  });

  it('fits into the topic, also when the original was as large as its topic takes and all of it headers', () => {
    const headers = Object.fromEntries(
      Array.from({ length: 64 }, (_, at) => [`h${at}`, Buffer.alloc(32 * 1024, 0xff)]),
    );
    const sent = encodeRejection('r', arrived({ value: Buffer.alloc(0), headers }), why, 7);
    expect(sent.headers[REJECTION_HEADER]!.length).toBeLessThan(4 * 1024 * 1024);
  });

  it('fits into the topic when a compressed original was larger than any topic takes', () => {
    const headers = { a: Buffer.alloc(1_000_000), b: Buffer.alloc(9_000_000), c: Buffer.alloc(1_000) };
    const key = Buffer.alloc(5_000_000);
    const sent = encodeRejection('r', arrived({ key, value: Buffer.alloc(20_000_000, 'x'), headers }), why, 7);
    expect(sent.value!.length + sent.headers[REJECTION_HEADER]!.length).toBeLessThan(7 * 1024 * 1024);
    const { rejection } = decodeRejection(received(sent))!;
    expect(rejection.originalBytes).toBe(20_000_000);
    expect(Object.keys(rejection.originalHeaders)).toContain('a');
  });

  it('can be had without the original, reason and place kept', () => {
    const sent = encodeRejection('r', arrived({ value: Buffer.from('xyz'), headers: { a: Buffer.from('b') } }), why, 7);
    const { rejection, value } = decodeRejection(received(withoutOriginal(sent)!))!;
    expect([rejection.code, rejection.originalBytes, rejection.originalHeaders, value.length]).toEqual([
      'not_json',
      3,
      {},
      0,
    ]);
    expect(withoutOriginal({ ...sent, headers: {} })).toBeNull();
  });

  it('is null for what is none', () => {
    for (const header of GARBAGE)
      expect(decodeRejection(arrived({ value: Buffer.alloc(0), headers: { [REJECTION_HEADER]: header } }))).toBeNull();
    expect(decodeRejection(arrived({ value: Buffer.alloc(0) }))).toBeNull();
  });
});
