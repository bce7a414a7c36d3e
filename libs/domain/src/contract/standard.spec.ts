import fc from 'fast-check';
import { jsonText } from '../../../test-environment/src/json-text.arbitrary';
import { DEFAULT_OPTIONS } from '../endpoint-lifecycle/endpoint-options';
import type { Event } from '../event/event';
import { importEndpointKey } from '../signature/endpoint-key';
import { standardSignatureHeader } from '../signature/standard-webhooks';
import type { SignableRequest } from './contract';
import { contractNamed } from './contracts';
import { standard } from './standard';

const event: Event = {
  id: 'evt_1',
  key: 'a'.repeat(32),
  sourceId: 'evt_1',
  tenant: 'default',
  type: 'machine.alarm',
  source: '/plant-1',
  subject: 'M-7',
  time: '2026-02-17T13:59:55.120000+01:00',
  data: '{"code":17.0}',
  traceparent: null,
};

const bodyOf = (of: Event): Buffer => {
  const rendering = standard.render(of, null);
  if (rendering.kind !== 'body') throw new Error('every event has a body under this contract');
  return rendering.body;
};
const request: Omit<SignableRequest, 'body' | 'keys'> = {
  eventId: event.id,
  eventType: event.type,
  eventTime: event.time,
  endpointId: 'ep_1',
  requestId: 'req_1',
  attempt: 1,
  attemptAt: 1_771_336_795_999,
  chain: null,
  options: DEFAULT_OPTIONS,
};

describe('the contract standard', () => {
  it('is found by name and version', () => {
    expect(contractNamed('standard')).toBe(standard);
    expect(contractNamed('standard', 1)).toBe(standard);
    expect(contractNamed('standard', 2)).toBeUndefined();
    expect(contractNamed('constructor')).toBeUndefined();
  });

  it('has the body {id, type, timestamp, data}, the time as the producer wrote it', () => {
    expect(bodyOf(event).toString()).toBe(
      '{"id":"evt_1","type":"machine.alarm","timestamp":"2026-02-17T13:59:55.120000+01:00","data":{"code":17.0}}',
    );
  });

  it('carries any data byte for byte, and is JSON', () => {
    fc.assert(
      fc.property(jsonText, (data) => {
        const body = bodyOf({ ...event, data });
        expect(body.includes(Buffer.from(`"data":${data}}`))).toBe(true);
        expect(JSON.parse(body.toString())).toEqual({
          id: 'evt_1',
          type: 'machine.alarm',
          timestamp: event.time,
          data: JSON.parse(data),
        });
        expect(bodyOf({ ...event, data }).equals(body)).toBe(true);
      }),
    );
  });

  it('signs id, second of the attempt and body with every key, and says the same id on every attempt', () => {
    const keys = [
      importEndpointKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
      importEndpointKey('whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'),
    ];
    const body = bodyOf(event);
    expect(standard.headers({ ...request, body, keys })).toEqual([
      ['content-type', 'application/json'],
      ['user-agent', 'Millrace/1.0'],
      ['webhook-id', 'evt_1'],
      ['webhook-timestamp', '1771336795'],
      [
        'webhook-signature',
        standardSignatureHeader(
          keys.map((key) => key.standard),
          'evt_1',
          1_771_336_795,
          body,
        ),
      ],
    ]);
    const later = new Map(standard.headers({ ...request, body, keys, attempt: 2, attemptAt: 1_771_336_801_000 }));
    expect([later.get('webhook-id'), later.get('webhook-timestamp')]).toEqual(['evt_1', '1771336801']);
  });

  it.each([
    [{ sequence: 1, previousId: null }, { 'millrace-sequence': '1' }],
    [
      { sequence: 7, previousId: 'evt_0' },
      { 'millrace-sequence': '7', 'millrace-previous-id': 'evt_0' },
    ],
    [null, {}],
  ])('tells the place %j', (chain, expected) => {
    const told = standard
      .headers({ ...request, chain, body: bodyOf(event), keys: [] })
      .filter(([name]) => name.startsWith('millrace-'));
    expect(Object.fromEntries(told)).toEqual(expected);
  });

  it('has the schedule, the timeout and the expiry of its description', () => {
    const minute = 60_000;
    const hour = 60 * minute;
    expect(standard.timeoutMs).toBe(15_000);
    expect(standard.maxTimeoutMs).toBe(30_000);
    expect(standard.retry.delaysMs).toEqual([
      5_000,
      5 * minute,
      30 * minute,
      2 * hour,
      5 * hour,
      10 * hour,
      14 * hour,
      20 * hour,
      24 * hour,
    ]);
    const total = standard.retry.delaysMs.reduce((sum, delay) => sum + delay, 0) * (1 + standard.retry.jitter);
    expect(standard.expiry.ms).toBeGreaterThan(total);
  });

  it('takes 2xx for success, 410 for the end, and heeds Retry-After of 429 and 503', () => {
    const statuses = Array.from({ length: 900 }, (_, index) => index + 100);
    expect(statuses.filter(standard.succeeded)).toEqual(statuses.filter((status) => Math.floor(status / 100) === 2));
    expect(statuses.filter(standard.disables)).toEqual([410]);
    expect(statuses.filter(standard.honoursRetryAfter)).toEqual([429, 503]);
  });
});
