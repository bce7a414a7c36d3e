import { DEFAULT_OPTIONS } from '@millrace/domain';
import { type AcceptedChanges, applyChanges, disabledBy } from './endpoint-changes';
import type { StoredEndpoint } from './stored-endpoint';

const endpoint: StoredEndpoint = {
  id: 'ep_1',
  tenant: 'default',
  version: 3,
  url: 'https://a.example/',
  eventTypes: ['a.*'],
  filter: { site: 'x' },
  contract: 'standard',
  headers: { 'X-A': '1' },
  status: 'active',
  statusReason: null,
  statusSince: '2026-01-01T00:00:00.000Z',
  statusBy: 'key-1',
  timeoutMs: 5000,
  ordering: 'key',
  rateLimit: { perSecond: 5, burst: 5 },
  retry: { delaysMs: [1000], jitter: 0 },
  options: DEFAULT_OPTIONS,
  runUrls: false,
  connectionId: null,
  description: 'first',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  secrets: [{ id: 'sec_1', sealed: 'v1.a.b', expiresAt: null }],
};
const now = Date.parse('2026-02-01T00:00:00.000Z');
const moved = { version: 4, updatedAt: '2026-02-01T00:00:00.000Z' };

const changedNow = { statusSince: '2026-02-01T00:00:00.000Z', statusBy: 'key-2' };

test.each<[string, AcceptedChanges, Partial<StoredEndpoint>]>([
  ['nothing given changes nothing but the version', {}, {}],
  ['a new url', { url: 'https://b.example/' }, { url: 'https://b.example/' }],
  ['null takes a filter away', { filter: null }, { filter: null }],
  ['null takes a description away', { description: null }, { description: null }],
  ['null goes back to the timeout of the contract', { timeoutMs: null }, { timeoutMs: null }],
  ['headers are replaced as a whole', { headers: { 'X-B': '2' } }, { headers: { 'X-B': '2' } }],
  ['an order', { ordering: 'strict' }, { ordering: 'strict' }],
  ['a rate', { rateLimit: { perSecond: 1, burst: 2 } }, { rateLimit: { perSecond: 1, burst: 2 } }],
  ['null takes a rate away', { rateLimit: null }, { rateLimit: null }],
  ['no retries', { retry: { delaysMs: [], jitter: 0 } }, { retry: { delaysMs: [], jitter: 0 } }],
  ['null goes back to the schedule of the contract', { retry: null }, { retry: null }],
  ['a pause, with when and by whom', { status: 'paused' }, { status: 'paused', ...changedNow }],
  ['a status that it has, which is no change of status', { status: 'active' }, {}],
  [
    'a secret replaces all others',
    { sealedSecret: { id: 'sec_2', sealed: 'v1.c.d', expiresAt: null } },
    { secrets: [{ id: 'sec_2', sealed: 'v1.c.d', expiresAt: null }] },
  ],
])('%s', (_, changes, expected) => {
  expect(applyChanges(endpoint, changes, now, 'key-2')).toEqual({ ...endpoint, ...moved, ...expected });
});

describe('an endpoint that its receiver refused', () => {
  const fact = { endpointVersion: 3, reason: 'receiver_answered_410' };
  const disabled = {
    ...endpoint,
    ...moved,
    status: 'disabled',
    statusReason: 'receiver_answered_410',
    statusSince: '2026-02-01T00:00:00.000Z',
    statusBy: 'millrace',
  };

  test('is disabled, with the reason', () => {
    expect(disabledBy(endpoint, fact, now)).toEqual(disabled);
    expect(disabledBy(endpoint, { ...fact, reason: 'too_many_failures' }, now)).toEqual({
      ...disabled,
      statusReason: 'too_many_failures',
    });
  });
  test('stays as it is when the fact comes again', () => {
    expect(disabledBy(disabledBy(endpoint, fact, now)!, fact, now)).toBeNull();
    expect(disabledBy({ ...endpoint, status: 'disabled' }, fact, now)).toBeNull();
  });
  test('is not touched when it has changed since', () => {
    expect(disabledBy({ ...endpoint, version: 4 }, fact, now)).toBeNull();
  });
  test('loses the reason when it is enabled again', () => {
    expect(applyChanges(disabledBy(endpoint, fact, now)!, { status: 'active' }, now + 1, 'key-2')).toMatchObject({
      status: 'active',
      statusReason: null,
      statusSince: '2026-02-01T00:00:00.001Z',
      statusBy: 'key-2',
      version: 5,
    });
  });
});
