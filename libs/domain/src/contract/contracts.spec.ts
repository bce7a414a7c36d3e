import { createHmac, timingSafeEqual } from 'node:crypto';
import fc from 'fast-check';
import { jsonText } from '../../../test-environment/src/json-text.arbitrary';
import { DEFAULT_OPTIONS } from '../endpoint-lifecycle/endpoint-options';
import type { Event } from '../event/event';
import { delayBeforeRetry } from '../retry-schedule/retry-policy';
import { importEndpointKey } from '../signature/endpoint-key';
import type { Contract, SignableRequest } from './contract';
import { CONTRACT_NAMES } from './contracts';
import { eclips } from './eclips';
import { eclipse } from './eclipse';
import { mes } from './mes';
import { nentropy } from './nentropy';
import { proign } from './proign';
import { standard } from './standard';

const SECRET = 'test-secret-0123456789';
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const event = (more: Partial<Event>): Event => ({
  id: 'evt_1',
  key: 'a'.repeat(32),
  sourceId: 'evt_1',
  tenant: 'tenant_xyz',
  type: 'machine.alarm',
  source: '/plant-1',
  subject: null,
  time: '2024-01-15T10:30:00Z',
  data: '{}',
  traceparent: null,
  ...more,
});

const bodyOf = (contract: Contract, of: Event, variant: string | null = null): string => {
  const rendering = contract.render(of, variant);
  if (rendering.kind !== 'body') throw new Error(`${rendering.path}: ${rendering.detail}`);
  return rendering.body.toString();
};

const headersOf = (
  contract: Contract,
  of: Event,
  body: string,
  more: Partial<SignableRequest> & { readonly secrets?: readonly string[] } = {},
): { [name: string]: string } =>
  Object.fromEntries(
    contract.headers({
      eventId: of.id,
      eventType: of.type,
      eventTime: of.time,
      endpointId: 'ep_01k3',
      requestId: 'req_1',
      attempt: 1,
      attemptAt: Date.parse('2026-01-01T00:00:00Z'),
      chain: { sequence: 3, previousId: 'evt_0' },
      body: Buffer.from(body),
      keys: (more.secrets ?? [SECRET]).map(importEndpointKey),
      options: DEFAULT_OPTIONS,
      ...more,
    }),
  );

/** The waits between attempts, as long as there are any, at most 40. */
const waits = ({ retry }: Contract): number[] => {
  const found: number[] = [];
  for (let wait = delayBeforeRetry(retry, 0, 0.99); wait !== null && found.length < 40; ) {
    found.push(wait);
    wait = delayBeforeRetry(retry, found.length, 0.99);
  }
  return found;
};

const successes = (contract: Contract): number[] =>
  Array.from({ length: 900 }, (_, index) => index + 100).filter(contract.succeeded);
const all2xx = Array.from({ length: 100 }, (_, index) => 200 + index);

test('the six contracts', () => {
  expect(CONTRACT_NAMES).toEqual(['standard', 'eclipse', 'eclips', 'proign', 'mes', 'nentropy']);
});

test.each([
  [
    standard,
    15_000,
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
    all2xx,
  ],
  [eclipse, 30_000, Array(40).fill(10 * MINUTE), all2xx],
  [eclips, 10_000, [], all2xx],
  [proign, 30_000, [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 24 * HOUR], all2xx],
  [mes, 5_000, [5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, DAY, DAY, DAY, DAY, DAY, DAY, DAY], [200]],
  [nentropy, 10_000, [SECOND, 5 * SECOND, 30 * SECOND], all2xx],
] as const)('the time-out, the schedule and the success rule of $name', (contract, timeoutMs, schedule, success) => {
  expect(contract.timeoutMs).toBe(timeoutMs);
  const stretched = contract.retry.jitter === 0 ? 1 : 1 + contract.retry.jitter * 0.99;
  expect(waits(contract)).toEqual(schedule.map((wait) => Math.round(wait * stretched)));
  expect(successes(contract)).toEqual(success);
});

test.each([eclipse, eclips, proign, mes, nentropy])(
  '$name has its retries when its documents say, whatever the receiver asks for',
  (contract) => {
    const statuses = Array.from({ length: 900 }, (_, index) => index + 100);
    expect(contract.retry.jitter).toBe(0);
    expect(statuses.filter(contract.honoursRetryAfter)).toEqual([]);
    expect(statuses.filter(contract.disables)).toEqual([]);
  },
);

describe('proign', () => {
  const alarm = event({ id: 'evt_abc123', data: '{"machine_id":"M-1","code":17}' });

  it('makes the bytes and the signature of its vector', () => {
    const body = bodyOf(proign, alarm);
    expect(body).toBe(
      '{"id":"evt_abc123","type":"machine.alarm","timestamp":"2024-01-15T10:30:00Z","tenant_id":"tenant_xyz","data":{"machine_id":"M-1","code":17}}',
    );
    expect(headersOf(proign, alarm, body)).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Millrace/1.0',
      'X-Proign-Signature': 'sha256=ef63d09dcba167fd2e72928242c9b34dc6e0047ba0633226067e003c2573065b',
      'X-Proign-Delivery-ID': 'req_1',
    });
  });

  it.each([
    [1, undefined],
    [2, '0'],
    [3, '1'],
    [6, '4'],
  ])('counts the retries from 0: attempt %i has %s', (attempt, count) => {
    expect(headersOf(proign, alarm, '{}', { attempt })['X-Proign-Retry-Count']).toBe(count);
  });

  it('is verified as its documents tell, for any data that JavaScript can hold', () => {
    const verifyWebhook = (payload: unknown, signature: string, secret: string) =>
      signature === `sha256=${createHmac('sha256', secret).update(JSON.stringify(payload)).digest('hex')}`;
    fc.assert(
      fc.property(jsonText, (data) => {
        const of = event({ data });
        const rendering = proign.render(of, null);
        if (rendering.kind === 'unrepresentable') return;
        const body = rendering.body.toString();
        const signature = headersOf(proign, of, body)['X-Proign-Signature']!;
        // V8 can read a name that begins with an escape wrongly, at the receiver too.
        if (!body.includes('"\\')) expect(verifyWebhook(JSON.parse(body), signature, SECRET)).toBe(true);
        expect(verifyWebhook(JSON.parse(body), signature, 'another')).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('mes', () => {
  const completed = event({
    id: 'evt-123',
    type: 'work_order.completed',
    time: '2024-01-15T14:30:00Z',
    data: '{"workOrder":{"id":"wo-123","status":"COMPLETED"}}',
  });

  it('makes the bytes and the signature of its vector', () => {
    const body = bodyOf(mes, completed);
    expect(body).toBe(
      '{"id":"evt-123","type":"work_order.completed","timestamp":"2024-01-15T14:30:00Z","data":{"workOrder":{"id":"wo-123","status":"COMPLETED"}}}',
    );
    expect(headersOf(mes, completed, body)).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Millrace/1.0',
      'x-mes-signature': '2095ac2955f11b942962624d681b2ed77905ce6194f7c4fb8f198f5c815f20f1',
    });
  });

  it('says why a 2xx that is no 200 is tried again', () => {
    expect(mes.explains(201)).toBe('Answered 201; under the contract mes only 200 acknowledges.');
    expect(mes.explains(299)).not.toBeNull();
    expect([200, 300, 404, 503].map(mes.explains)).toEqual([null, null, null, null]);
  });

  it('makes at most twelve requests', () => {
    expect(waits(mes).length + 1).toBe(12);
  });
});

test.each([proign, mes])(
  '$name has no body for a number that JavaScript would change, and says where it stands',
  (contract) => {
    expect(contract.render(event({ data: '{"a":{"n":12345678901234567890}}' }), null)).toMatchObject({
      kind: 'unrepresentable',
      path: 'data.a.n',
    });
  },
);

test.each([
  ['2024-01-15T12:30:00+02:00', '2024-01-15T10:30:00.000Z'],
  ['2024-01-15T10:30:00.1234567-01:00', '2024-01-15T11:30:00.123Z'],
  ['2024-01-15T10:30:00z', '2024-01-15T10:30:00.000Z'],
  ['2024-01-15T10:30:00.123456Z', '2024-01-15T10:30:00.123456Z'],
])('proign and mes say %s in UTC', (time, expected) => {
  for (const contract of [proign, mes]) expect(JSON.parse(bodyOf(contract, event({ time }))).timestamp).toBe(expected);
});

describe('nentropy', () => {
  const created = event({
    type: 'supplier.created',
    data: '{"integrationId":"int_abc123","externalId":"VENDOR-001","internalId":"clx1"}',
  });
  const secret = 'whsec_dGVzdC1zZWNyZXQ=';

  it('makes the bytes and the signature of its vector', () => {
    const body = bodyOf(nentropy, created);
    expect(body).toBe(
      '{"event":"supplier.created","timestamp":"2024-01-15T10:30:00.000Z","integrationId":"int_abc123","data":{"externalId":"VENDOR-001","internalId":"clx1"}}',
    );
    expect(headersOf(nentropy, created, body, { secrets: [secret] })).toEqual({
      'content-type': 'application/json',
      'user-agent': 'EUDR-Platform-Webhook/1.0',
      'X-Webhook-Signature': '2db1e647262e66c68e2516f7d5b167586f5435a26aa7c860e87ce54d26f1acd7',
      'X-Webhook-Event': 'supplier.created',
      'X-Webhook-Id': 'wh_01k3',
      'X-Webhook-Timestamp': '2024-01-15T10:30:00.000Z',
    });
  });

  it.each([
    ['{"integrationId":"own","a":1.0}', 'set', '"integrationId":"own","data":{"a":1.0}'],
    ['{"a":1.0}', 'set', '"integrationId":"set","data":{"a":1.0}'],
    ['{"integrationId":null,"a":1}', 'set', '"integrationId":"set","data":{"a":1}'],
    ['{ "a" : 1 }', null, '"integrationId":null,"data":{ "a" : 1 }'],
    ['[1]', null, '"integrationId":null,"data":[1]'],
  ])('takes the integration of %s from the data, else from the setting %s', (data, setting, part) => {
    expect(nentropy.variantOf({ ...DEFAULT_OPTIONS, integrationId: setting })).toBe(setting);
    expect(bodyOf(nentropy, event({ data }), setting)).toContain(part);
  });

  it.each([
    ['hex', 'hex', ''],
    ['sha256_hex', 'hex', 'sha256='],
    ['base64', 'base64', ''],
  ] as const)('writes its signature as %s', (signatureFormat, encoding, prefix) => {
    const body = bodyOf(nentropy, created);
    const expected = prefix + createHmac('sha256', secret).update(body).digest(encoding);
    const options = { ...DEFAULT_OPTIONS, signatureFormat };
    expect(headersOf(nentropy, created, body, { secrets: [secret], options })['X-Webhook-Signature']).toBe(expected);
  });
});

describe('eclips', () => {
  const run = event({
    type: 'run.completed',
    tenant: 'org_1',
    time: '2026-06-06T09:00:42.000Z',
    data: '{"run_id":"a1b2c3d4-0000-4000-8000-000000000000","agent_type":"procurement_specialist","output":{"recommended":"Dell"},"confidence_score":0.94,"requires_triage":false,"triage_item_id":null,"error":null}',
  });

  it('makes the bytes and the signature of its vector', () => {
    const body = bodyOf(eclips, run);
    expect(body).toBe(
      '{"event":"run.completed","run_id":"a1b2c3d4-0000-4000-8000-000000000000","agent_type":"procurement_specialist","organization_id":"org_1","timestamp":"2026-06-06T09:00:42.000Z","data":{"output":{"recommended":"Dell"},"confidence_score":0.94,"requires_triage":false,"triage_item_id":null,"error":null}}',
    );
    expect(headersOf(eclips, run, body)).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Millrace/1.0',
      'X-eClips-Signature': 'sha256=aeeeb5362d3191f4f8dd106f1c1b7eb0acf1b8cbca4b77aac151eb04f11c1ef8',
      'X-eClips-Event': 'run.completed',
      'X-eClips-Timestamp': '2026-06-06T09:00:42.000Z',
    });
  });

  it('is verified as its documents tell', () => {
    const verify = (rawBody: string, signatureHeader: string, secret: string): boolean => {
      const expected = createHmac('sha256', secret).update(rawBody).digest('hex');
      const provided = signatureHeader.replace(/^sha256=/, '');
      const [one, other] = [Buffer.from(expected), Buffer.from(provided)];
      return one.length === other.length && timingSafeEqual(one, other);
    };
    const body = bodyOf(eclips, run);
    const signature = headersOf(eclips, run, body)['X-eClips-Signature']!;
    expect(verify(body, signature, SECRET)).toBe(true);
    expect(verify(`${body} `, signature, SECRET)).toBe(false);
  });

  it('has null for what is absent, false for requires_triage, and the tenant for the organization', () => {
    expect(JSON.parse(bodyOf(eclips, event({ type: 'run.failed', data: '{"error":"out of tokens"}' })))).toEqual({
      event: 'run.failed',
      run_id: null,
      agent_type: null,
      organization_id: 'tenant_xyz',
      timestamp: '2024-01-15T10:30:00.000Z',
      data: {
        output: null,
        confidence_score: null,
        requires_triage: false,
        triage_item_id: null,
        error: 'out of tokens',
      },
    });
    expect(JSON.parse(bodyOf(eclips, event({ data: '"a text"' })))).toMatchObject({ run_id: null });
  });

  it('leaves numbers and escapes as they came', () => {
    expect(bodyOf(eclips, event({ data: '{"output":{"n":14400.0,"big":12345678901234567890,"s":"\\/"}}' }))).toContain(
      '"output":{"n":14400.0,"big":12345678901234567890,"s":"\\/"}',
    );
  });
});

describe('eclipse', () => {
  const acceptedAt = Date.parse('2026-02-17T10:00:00Z');
  const bundle = (data: string): Event => event({ type: 'bundle.completed', time: '2026-02-16T00:00:00Z', data });

  it.each(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-02-18T10:00:01Z'])(
    'an event of %s without an end grows old from its acceptance on',
    (time) => {
      expect(eclipse.expiry.from({ ...bundle('{}'), time }, acceptedAt)).toBe(acceptedAt);
    },
  );

  it('sends the bundle as it came, without an envelope or a header of its own', () => {
    const data = '{"BundleCode":"12345-01","ProducedLengthIn":14400.0,"StartTime":"2026-02-17T08:00:00"}';
    expect(bodyOf(eclipse, bundle(data))).toBe(data);
    expect(headersOf(eclipse, bundle(data), data)).toEqual({
      'content-type': 'application/json',
      'user-agent': 'Millrace/1.0',
    });
  });

  it.each([
    ['{"EndTime":"2026-02-17T09:30:00"}', '2026-02-17T09:30:00Z'],
    ['{"EndTime":"2026-02-17T09:30:00.1234567"}', '2026-02-17T09:30:00.123Z'],
    ['{"EndTime":"2026-02-17T09:30:00+02:00"}', '2026-02-17T07:30:00Z'],
    ['{"EndTime":null}', '2026-02-16T00:00:00Z'],
    ['{"EndTime":"yesterday"}', '2026-02-16T00:00:00Z'],
    ['{"EndTime":"2026-02-31T25:00:00"}', '2026-02-16T00:00:00Z'],
    ['{"EndTime":"0001-01-01T00:00:00"}', '2026-02-16T00:00:00Z'],
    ['{"EndTime":"9999-12-31T23:59:59"}', '2026-02-16T00:00:00Z'],
    ['{"EndTime":"2026-02-18T09:59:59"}', '2026-02-18T09:59:59Z'],
    ['{"EndTime":"2026-02-18T10:00:01"}', '2026-02-16T00:00:00Z'],
    ['{}', '2026-02-16T00:00:00Z'],
    ['[]', '2026-02-16T00:00:00Z'],
    ['"text"', '2026-02-16T00:00:00Z'],
  ])('%s grows old from %s on', (data, from) => {
    expect(new Date(eclipse.expiry.from(bundle(data), acceptedAt)).toISOString()).toBe(new Date(from).toISOString());
    expect(eclipse.expiry).toMatchObject({ ms: 30 * DAY, renewed: false });
  });
});
