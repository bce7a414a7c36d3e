import {
  compileFilter,
  DEFAULT_OPTIONS,
  type Endpoint,
  type Filter,
  isFilter,
  isOperationalEvent,
  matchesType,
  OPERATIONS_SOURCE,
  parseTypePattern,
  runReceiverId,
} from '@millrace/domain';
import fc from 'fast-check';
import { anyAttributes, anyData, anyFilter } from '../../../../libs/test-environment/src/filter.arbitrary';
import { type MatchableEvent, MatchIndex } from './match-index';

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
  ordering: 'none',
  rateLimit: null,
  retry: null,
  options: DEFAULT_OPTIONS,
  runUrls: false,
  description: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  secrets: [],
  ...more,
});
const event = (type: string, data = '{}', tenant = 'default', more: Partial<MatchableEvent> = {}): MatchableEvent => ({
  tenant,
  type,
  data,
  source: '/line-1',
  subject: null,
  time: '2026-02-17T13:59:55Z',
  id: 'evt_1',
  ...more,
});
const ids = (index: MatchIndex, ...args: Parameters<typeof event>) =>
  index
    .match(event(...args))
    .map((entry) => entry.endpoint.id)
    .sort();

describe('run URLs', () => {
  const receiver = runReceiverId('ep_runs', 'https://agents.example');

  it('have one endpoint in a tenant, which matches nothing and stands for each receiver', () => {
    const index = new MatchIndex();
    index.put(endpoint('ep_runs', [], { runUrls: true, url: '', contract: 'eclips' }));
    index.put(endpoint('ep_1', ['*']));
    expect(index.runUrlsOf('default')?.id).toBe('ep_runs');
    expect(index.runUrlsOf('another')).toBeUndefined();
    expect(index.match(event('run.completed')).map((entry) => entry.endpoint.id)).toEqual(['ep_1']);
    expect(index.get(receiver)?.endpoint).toMatchObject({
      id: receiver,
      contract: 'eclips',
      url: 'https://agents.example',
    });
    expect(index.get(receiver)).toBe(index.get(receiver));
    expect(index.get(runReceiverId('ep_1', 'https://agents.example'))).toBeUndefined();
  });

  it('follow a new secret, and are gone with it', () => {
    const index = new MatchIndex();
    index.put(endpoint('ep_runs', [], { runUrls: true }));
    const before = index.get(receiver);
    index.put(endpoint('ep_runs', [], { runUrls: true, version: 2 }));
    expect(index.get(receiver)).not.toBe(before);
    expect(index.get(receiver)?.endpoint.version).toBe(2);
    index.delete('ep_runs');
    expect(index.get(receiver)).toBeUndefined();
    expect(index.runUrlsOf('default')).toBeUndefined();
  });
});

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

  it('applies the filter to the attributes without reading the data', () => {
    const index = new MatchIndex();
    index.put(endpoint('m7', ['*'], { filter: { '@subject': 'M-7' } }));
    index.put(endpoint('m8', ['*'], { filter: { '@subject': 'M-8' } }));
    index.put(endpoint('since', ['*'], { filter: { '@time': { $gte: '2026-02-17T14:00:00+01:00' } } }));
    expect(ids(index, 'machine.alarm', 'not JSON', 'default', { subject: 'M-7' })).toEqual(['m7', 'since']);
    expect(ids(index, 'machine.alarm', 'not JSON', 'default')).toEqual(['since']);
  });

  it('never matches an operational event to the endpoint that it is about', () => {
    const index = new MatchIndex();
    index.put(endpoint('broken', ['*']));
    index.put(endpoint('watcher', ['endpoint.*', '*']));
    const about = { subject: 'broken', source: OPERATIONS_SOURCE };
    expect(ids(index, 'endpoint.down', '{}', 'default', about)).toEqual(['watcher']);
    expect(ids(index, 'endpoint.down', '{}', 'default', { ...about, source: '/plant-1' })).toEqual([
      'broken',
      'watcher',
    ]);
    expect(ids(index, 'machine.alarm', '{}', 'default', about)).toEqual(['broken', 'watcher']);
  });

  it('meets few of the many that want other values', () => {
    const index = new MatchIndex();
    let tried = 0;
    // A filter is read when it is put, and once more when it is first tried.
    const counting = (machine: string): Filter =>
      Object.defineProperty({ severity: 'high' }, 'machine', {
        enumerable: true,
        get: () => {
          tried++;
          return machine;
        },
      });
    for (let n = 0; n < 1_000; n++) index.put(endpoint(`e${n}`, ['machine.alarm'], { filter: counting(`M-${n}`) }));
    tried = 0;
    expect(ids(index, 'machine.alarm', '{"machine":"M-7","severity":"high"}')).toEqual(['e7']);
    expect(tried).toBeLessThan(5);
  });

  it('gives what a scan over all endpoints gives, whatever was put, changed and deleted before', () => {
    const type = fc.constantFrom('machine.alarm', 'machine.door.open', 'endpoint.down', '1', 'b');
    const pattern = fc.constantFrom('machine.alarm', 'machine.*', 'machine.door.*', '*', 'endpoint.down', 'b');
    const id = fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'b');
    const tenant = fc.constantFrom('default', 'default', 'default', 'acme');
    const put = fc.record({
      id,
      tenant,
      eventTypes: fc.array(pattern, { minLength: 1, maxLength: 3 }),
      filter: fc.option(anyFilter.filter(isFilter)),
      version: fc.integer({ min: 1, max: 4 }),
    });
    const change = fc.oneof(
      { weight: 6, arbitrary: put.map((settings) => ({ kind: 'put' as const, settings })) },
      { weight: 1, arbitrary: id.map((deleted) => ({ kind: 'delete' as const, id: deleted })) },
    );
    const anyEvent = fc
      .record({ attributes: anyAttributes, type, tenant, data: anyData, operational: fc.boolean() })
      .map(({ attributes, data, operational, ...rest }) => ({
        ...attributes,
        ...rest,
        ...(operational ? { source: OPERATIONS_SOURCE } : {}),
        data: JSON.stringify(data),
      }));
    let matched = 0;
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 20 }),
        fc.array(anyEvent, { minLength: 1, maxLength: 5 }),
        (changes, events) => {
          const index = new MatchIndex();
          const held = new Map<string, Endpoint>();
          for (const each of changes) {
            if (each.kind === 'delete') {
              index.delete(each.id);
              held.delete(each.id);
              continue;
            }
            const { id: of, eventTypes, ...more } = each.settings;
            const changed = endpoint(of, eventTypes, more);
            index.put(changed);
            if ((held.get(of)?.version ?? 0) <= changed.version) held.set(of, changed);
          }
          expect(index.size).toBe(held.size);
          for (const each of events) {
            const wanted = [...held.values()].filter(
              (one) =>
                one.tenant === each.tenant &&
                one.eventTypes.some((text) => matchesType(parseTypePattern(text), each.type)) &&
                (one.filter === null || compileFilter(one.filter)({ data: JSON.parse(each.data), attributes: each })) &&
                !(isOperationalEvent(each) && each.subject === one.id),
            );
            matched += wanted.length;
            const found = index.match(each).map((entry) => entry.endpoint);
            expect(new Set(found)).toEqual(new Set(wanted));
            expect(found).toHaveLength(wanted.length);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(matched).toBeGreaterThan(1_000);
  });

  it('holds nothing after the last endpoint is deleted', () => {
    const index = new MatchIndex();
    fc.assert(
      fc.property(fc.array(anyFilter, { maxLength: 8 }), anyData, (filters, data) => {
        filters.forEach((filter, n) => {
          index.put(endpoint(`e${n}`, ['a.*', 'a.b', 'a.b'], { filter }));
        });
        filters.forEach((_, n) => {
          index.delete(`e${n}`);
        });
        expect(index.size).toBe(0);
        expect(index.match(event('a.b', JSON.stringify(data)))).toEqual([]);
        expect(index['byTenant']).toEqual(new Map());
      }),
    );
  });
});
