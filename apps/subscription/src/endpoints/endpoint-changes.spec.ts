import type { Endpoint } from '@millrace/domain';
import { type AcceptedChanges, applyChanges, disabledBy } from './endpoint-changes';

const endpoint: Endpoint = {
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
  timeoutMs: 5000,
  description: 'first',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  secrets: [{ id: 'sec_1', sealed: 'v1.a.b', expiresAt: null }],
};
const now = Date.parse('2026-02-01T00:00:00.000Z');
const moved = { version: 4, updatedAt: '2026-02-01T00:00:00.000Z' };

test.each<[string, AcceptedChanges, Partial<Endpoint>]>([
  ['nothing given changes nothing but the version', {}, {}],
  ['a new url', { url: 'https://b.example/' }, { url: 'https://b.example/' }],
  ['null takes a filter away', { filter: null }, { filter: null }],
  ['null takes a description away', { description: null }, { description: null }],
  ['null goes back to the timeout of the contract', { timeoutMs: null }, { timeoutMs: null }],
  ['headers are replaced as a whole', { headers: { 'X-B': '2' } }, { headers: { 'X-B': '2' } }],
  ['a pause', { status: 'paused' }, { status: 'paused' }],
  [
    'a secret replaces all others',
    { sealedSecret: { id: 'sec_2', sealed: 'v1.c.d', expiresAt: null } },
    { secrets: [{ id: 'sec_2', sealed: 'v1.c.d', expiresAt: null }] },
  ],
])('%s', (_, changes, expected) => {
  expect(applyChanges(endpoint, changes, now)).toEqual({ ...endpoint, ...moved, ...expected });
});

describe('an endpoint that its receiver refused', () => {
  const fact = { endpointVersion: 3, reason: 'receiver_answered_410' };
  const disabled = { ...endpoint, ...moved, status: 'disabled', statusReason: 'receiver_answered_410' };

  test('is disabled, with the reason', () => {
    expect(disabledBy(endpoint, fact, now)).toEqual(disabled);
  });
  test('stays as it is when the fact comes again', () => {
    expect(disabledBy(disabledBy(endpoint, fact, now)!, fact, now)).toBeNull();
    expect(disabledBy({ ...endpoint, status: 'disabled' }, fact, now)).toBeNull();
  });
  test('is not touched when it has changed since', () => {
    expect(disabledBy({ ...endpoint, version: 4 }, fact, now)).toBeNull();
  });
  test('loses the reason when it is enabled again', () => {
    expect(applyChanges(disabledBy(endpoint, fact, now)!, { status: 'active' }, now)).toMatchObject({
      status: 'active',
      statusReason: null,
      version: 5,
    });
  });
});
