import type { Signal } from '@millrace/domain';
import { encodeMachineSignals, type IncomingMessage, type LastSignal } from '@millrace/protocol';
import { LastSignals, MOST_ITEMS } from './last-signals';
import { StoredSignals } from './stored-signals';

const signal = (path: string, over: Partial<Signal> = {}): Signal => ({
  v: 1,
  tenant: 'default',
  machine: 'M-1',
  source: 's',
  session: 'x',
  seq: null,
  path,
  kind: 'sample',
  value: 1,
  type: 'double',
  unit: null,
  quality: 'good',
  qualityCode: null,
  sourceTs: null,
  serverTs: null,
  receiveTs: '2026-01-01T00:00:00.000Z',
  at: '2026-01-01T00:00:00.000Z',
  clock: '',
  flags: [],
  raw: { proto: 'http', ref: '' },
  ...over,
});
let offset = 0n;
const place = (partition: number) => ({ partition, offset: offset++ });
const fresh = () => new LastSignals(() => []);

test('the last of each data item, with how often it was heard; items of two sources are two', () => {
  const last = fresh();
  last.hear(signal('a'), place(0));
  last.hear(signal('a', { value: 2, quality: 'bad' }), place(0));
  last.hear(signal('a', { source: 'other', value: 3 }), place(0));
  last.hear(signal('$tick', { kind: 'lifecycle' }), place(0));
  last.hear(signal('a', { value: 9, flags: ['historical'] }), place(0));
  expect(last.of('default/M-1')).toEqual([
    expect.objectContaining({ source: 's', value: 2, quality: 'bad', count: 3 }),
    expect.objectContaining({ source: 'other', value: 3, count: 1 }),
  ]);
  expect(last.of('default/M-2')).toBeNull();
});

test('ten thousand items are written in parts, and then only what changed', () => {
  const last = fresh();
  for (let n = 0; n < 10_000; n++) last.hear(signal(`tag/${n}`), place(0));
  const all = last.takeChanged();
  expect(all.length).toBe(32);
  expect(all.flatMap(({ signals }) => signals).length).toBe(10_000);
  const sizes = all.map((part) => encodeMachineSignals('t', part, part.signals).value!.length);
  expect(Math.max(...sizes)).toBeLessThan(200_000);
  expect(last.takeChanged()).toEqual([]);
  last.hear(signal('tag/7', { value: 8 }), place(0));
  const [changed, ...others] = last.takeChanged();
  expect(others).toEqual([]);
  last.putBack([changed!]);
  expect(last.takeChanged()).toEqual([changed]);
});

test('a new holder goes on from what was written', () => {
  const last = fresh();
  for (let n = 0; n < 100; n++) last.hear(signal(`tag/${n}`), place(3));
  last.hear(signal('tag/7'), place(3));
  const stored = new StoredSignals();
  for (const part of last.takeChanged([3])) {
    const { key, value } = encodeMachineSignals('t', part, part.signals);
    const message: IncomingMessage = {
      topic: 't',
      partition: 0,
      offset: 0n,
      timestamp: 0,
      headers: {},
      key: Buffer.from(key!),
      value,
    };
    stored.apply(message);
  }
  expect(last.takeChanged([4])).toEqual([]);
  const next = new LastSignals((key) => stored.of(key));
  next.hear(signal('tag/7', { value: 5 }), place(3));
  const items = next.of('default/M-1')!;
  expect(items.length).toBe(100);
  expect(items.find(({ path }) => path === 'tag/7')).toMatchObject({ value: 5, count: 3 });
  next.forget([3]);
  expect(next.of('default/M-1')).toBeNull();
});

test('long values are cut, and no machine takes more than its items', () => {
  const last = fresh();
  last.hear(signal('long', { value: 'x'.repeat(10_000), type: 'string' }), place(0));
  last.hear(signal('object', { value: { of: 'x'.repeat(10_000) }, type: 'json' }), place(0));
  const items = last.of('default/M-1') as LastSignal[];
  expect(items.map(({ cut, value }) => [cut, String(value).length])).toEqual([
    [true, 256],
    [true, 256],
  ]);
  for (let n = 0; n < MOST_ITEMS + 10; n++) last.hear(signal(`p${n}`), place(0));
  expect(last.of('default/M-1')!.length).toBe(MOST_ITEMS);
});

test('bytes that are no part are passed over', () => {
  const stored = new StoredSignals();
  const message = { topic: 't', partition: 0, offset: 0n, timestamp: 0, headers: {} };
  for (const key of [null, '', 'a/b', 'a/b/c', 'a/b/1/2'])
    stored.apply({ ...message, key: key === null ? null : Buffer.from(key), value: Buffer.from('{}') });
  stored.apply({ ...message, key: Buffer.from('a/b/1'), value: Buffer.from('{"v":1,"signals":[null,{"path":1}]}') });
  stored.apply({ ...message, key: Buffer.from('a/b/2'), value: Buffer.from([0xff]) });
  expect(stored.of('a/b')).toEqual([]);
  for (const value of ['{}', '{"v":2,"offset":"1"}', '{"v":1,"offset":1}', '{"v":1,"offset":"-1"}', 'x'])
    stored.apply({ ...message, key: Buffer.from('7'), value: Buffer.from(value) });
  expect(stored.upTo(7)).toBeNull();
});

test('of a machine that was removed nothing is shown, and its parts are taken out of the topic', () => {
  const stored = new StoredSignals();
  const write = (last: LastSignals) => {
    for (const part of last.takeChanged()) {
      const { key, value } = encodeMachineSignals('t', part, part.signals);
      stored.apply({ ...place(0), topic: 't', timestamp: 0, headers: {}, key: Buffer.from(key!), value });
    }
  };
  const former = fresh();
  for (let n = 0; n < 100; n++) former.hear(signal(`tag/${n}`), place(0));
  write(former);
  // Whoever folds the removal may never have heard the machine.
  const last = new LastSignals((key) => stored.of(key));
  last.hear(signal('$removed', { kind: 'lifecycle' }), place(0));
  expect(last.of('default/M-1')).toEqual([]);
  write(last);
  expect([stored.has('default/M-1'), stored.of('default/M-1')]).toEqual([false, []]);
  last.hear(signal('tag/7'), place(0));
  expect(last.of('default/M-1')).toEqual([expect.objectContaining({ path: 'tag/7', count: 1 })]);
});
