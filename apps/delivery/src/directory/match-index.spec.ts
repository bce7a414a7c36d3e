import type { Endpoint } from '@millrace/domain';
import { MatchIndex } from './match-index';

const endpoint = (id: string, eventTypes: string[], more: Partial<Endpoint> = {}): Endpoint => ({
  id,
  tenant: 'default',
  version: 1,
  url: 'https://receiver.example/hook',
  eventTypes,
  filter: null,
  contract: 'standard',
  headers: {},
  status: 'active',
  statusReason: null,
  timeoutMs: null,
  description: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  secrets: [],
  ...more,
});
const event = (type: string, data = '{}', tenant = 'default') => ({ tenant, type, data });
const ids = (index: MatchIndex, ...args: Parameters<typeof event>) =>
  index
    .match(event(...args))
    .map((entry) => entry.endpoint.id)
    .sort();

describe('match index', () => {
  it('finds endpoints by exact type, prefix and star, each once', () => {
    const index = new MatchIndex();
    index.put(endpoint('exact', ['machine.alarm', 'machine.*']));
    index.put(endpoint('prefix', ['machine.*']));
    index.put(endpoint('all', ['*']));
    index.put(endpoint('other', ['order.*']));
    expect(ids(index, 'machine.alarm')).toEqual(['all', 'exact', 'prefix']);
    expect(ids(index, 'machine.door.opened')).toEqual(['all', 'exact', 'prefix']);
    expect(ids(index, 'machine')).toEqual(['all']);
  });

  it('keeps tenants apart', () => {
    const index = new MatchIndex();
    index.put(endpoint('ours', ['*']));
    index.put(endpoint('theirs', ['*'], { tenant: 'acme' }));
    expect(ids(index, 'machine.alarm', '{}', 'acme')).toEqual(['theirs']);
  });

  it('applies the filter to the data', () => {
    const index = new MatchIndex();
    index.put(endpoint('express', ['*'], { filter: { 'shipping.method': 'express' } }));
    expect(ids(index, 'order.shipped', '{"shipping":{"method":"express"}}')).toEqual(['express']);
    expect(ids(index, 'order.shipped', '{"shipping":{}}')).toEqual([]);
    expect(ids(index, 'order.shipped', 'null')).toEqual([]);
  });

  it('follows changes and deletions, and ignores an older version', () => {
    const index = new MatchIndex();
    index.put(endpoint('one', ['a.*'], { version: 2 }));
    index.put(endpoint('one', ['b.*'], { version: 1 }));
    expect(ids(index, 'a.x')).toEqual(['one']);
    index.put(endpoint('one', ['b.*'], { version: 3 }));
    expect(ids(index, 'a.x')).toEqual([]);
    expect(ids(index, 'b.x')).toEqual(['one']);
    index.delete('one');
    expect(ids(index, 'b.x')).toEqual([]);
    expect(index.size).toBe(0);
  });
});
