import { DEFAULT_OPTIONS, HEALTHY } from '@millrace/domain';
import type { EndpointHealthRecord } from '@millrace/protocol';
import { conditionOf } from './endpoint-condition';
import { viewOfEndpoint } from './endpoint-view';
import type { StoredEndpoint } from './stored-endpoint';

const since = Date.parse('2026-02-01T00:00:00.000Z');
const endpoint: StoredEndpoint = {
  id: 'ep_1',
  tenant: 'acme',
  version: 3,
  url: 'https://a.example/',
  eventTypes: ['a.*'],
  filter: null,
  contract: 'standard',
  headers: {},
  status: 'active',
  statusReason: null,
  statusSince: '2026-01-01T00:00:00.000Z',
  statusBy: 'key-1',
  timeoutMs: null,
  ordering: 'key',
  rateLimit: { perSecond: 0.5, burst: 1 },
  retry: { delaysMs: [1500, 60_000], jitter: 0.2 },
  options: DEFAULT_OPTIONS,
  runUrls: false,
  connectionId: null,
  description: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  secrets: [{ id: 'sec_1', sealed: 'v1.a.b', expiresAt: null }],
};

const down = {
  kind: 'down',
  reason: 'transport',
  since,
  probeAt: since + 30_000,
  intervalMs: 30_000,
  probing: null,
  failedProbes: 0,
  disabling: { failures: 0, alerted: 0 },
};
const record = (state: object, parked: number): EndpointHealthRecord => ({
  v: 1,
  endpointId: 'ep_1',
  tenant: 'acme',
  state,
  parked,
  sequence: 9,
  lastEventId: null,
  at: since,
});

describe('the condition of an endpoint', () => {
  test.each<[string, EndpointHealthRecord, ReturnType<typeof conditionOf>]>([
    ['up with nothing parked is nothing to keep', record(HEALTHY, 0), null],
    ['up and parked', record(HEALTHY, 7), { parked: 7, down: null, recoveredAt: null }],
    [
      'down',
      record(down, 0),
      { parked: 0, down: { reason: 'transport', since, nextProbeAt: since + 30_000 }, recoveredAt: null },
    ],
    ['up again', record({ ...HEALTHY, recoveredAt: since }, 0), { parked: 0, down: null, recoveredAt: since }],
    ['up, as earlier releases wrote it', record({ ...HEALTHY, recoveredAt: undefined }, 0), null],
    ['up again at a time that no calendar has', record({ ...HEALTHY, recoveredAt: 1e300 }, 0), null],
    ['a state of another release is taken for up', record({ kind: 'asleep' }, 0), null],
    ['a time that no calendar has', record({ ...down, since: 1e300 }, 0), null],
    ['fewer than none parked', record(HEALTHY, -3), null],
  ])('%s', (_, given, expected) => {
    expect(conditionOf(given)).toEqual(expected);
  });
});

describe('since when an endpoint is as it is', () => {
  const back = Date.parse(endpoint.statusSince) + 60_000;
  const came = (recoveredAt: number) => conditionOf(record({ ...HEALTHY, recoveredAt }, 0));

  it('is when it came back, by Millrace', () => {
    const view = viewOfEndpoint(endpoint, came(back));
    expect(view).toMatchObject({ status: 'active', statusSince: new Date(back).toISOString(), statusBy: 'millrace' });
  });

  it('is what a user said since', () => {
    expect(viewOfEndpoint(endpoint, came(back - 120_000))).toMatchObject({ statusSince: endpoint.statusSince });
    const paused = { ...endpoint, status: 'paused' as const };
    expect(viewOfEndpoint(paused, came(back))).toMatchObject({ status: 'paused', statusSince: endpoint.statusSince });
  });
});

describe('the view of an endpoint', () => {
  const condition = conditionOf(record(down, 7));
  const none = { nextProbeAt: null, parked: 0 };

  test.each<[string, Partial<StoredEndpoint>, boolean, object]>([
    [
      'active and up',
      {},
      false,
      { status: 'active', statusReason: null, statusSince: endpoint.statusSince, statusBy: 'key-1', ...none },
    ],
    [
      'active and down',
      {},
      true,
      {
        status: 'down',
        statusReason: 'transport',
        statusSince: '2026-02-01T00:00:00.000Z',
        statusBy: 'millrace',
        nextProbeAt: '2026-02-01T00:00:30.000Z',
        parked: 7,
      },
    ],
    [
      'paused wins over down',
      { status: 'paused' },
      true,
      { status: 'paused', statusBy: 'key-1', nextProbeAt: null, parked: 7 },
    ],
    [
      'disabled wins over down',
      { status: 'disabled', statusReason: 'too_many_failures', statusBy: 'millrace' },
      true,
      { status: 'disabled', statusReason: 'too_many_failures', statusBy: 'millrace', nextProbeAt: null, parked: 7 },
    ],
  ])('%s', (_, more, isDown, expected) => {
    expect(viewOfEndpoint({ ...endpoint, ...more }, isDown ? condition : null)).toMatchObject(expected);
  });

  test('has the settings as they were given, and no secret', () => {
    const view = viewOfEndpoint(endpoint, null);
    expect(view).toMatchObject({
      ordering: 'key',
      rateLimit: { perSecond: 0.5, burst: 1 },
      retry: { delaysSeconds: [1.5, 60], jitter: 0.2 },
      options: DEFAULT_OPTIONS,
    });
    expect(JSON.stringify(view)).not.toContain('sealed');
    expect(view).not.toHaveProperty('tenant');
  });
});
