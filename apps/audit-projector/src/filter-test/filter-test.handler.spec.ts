import type { Position } from '../history-api/cursor';
import { FilterTest } from './filter-test.handler';
import type { LatestEvent, LatestEvents } from './stored-events.store';

const stored = (n: number): LatestEvent => ({
  event_key: String(n).padStart(6, '0'),
  event_id: `evt_${n}`,
  type: 'machine.alarm',
  accepted_at: String(n),
  attributes: Buffer.from('{"source":"/s","subject":null,"time":"2026-02-17T13:00:00Z"}'),
  data: Buffer.from(`{"n":${n}}`),
});

/** Events 1 … count, newest first. */
const eventsUpTo = (count: number, onPage: () => void = () => {}) => {
  const sizes: number[] = [];
  const page = async (_tenant: string, _types: unknown, after: Position | null, limit: number) => {
    sizes.push(limit);
    onPage();
    const from = after === null ? count : after.at - 1;
    return Array.from({ length: Math.max(0, Math.min(limit, from)) }, (_, at) => stored(from - at));
  };
  return { store: { page } as unknown as LatestEvents, sizes };
};
const wish = { filter: { n: { $gt: 0 } }, eventTypes: null, last: 1_000 };

it.each([
  ['fewer than asked for', 450, 1_000, 450, [200, 200, 200]],
  ['more than asked for', 900, 450, 450, [200, 200, 50]],
  ['none', 0, 1_000, 0, [200]],
])('looks at the latest where there are %s', async (_title, count, last, examined, pages) => {
  const { store, sizes } = eventsUpTo(count);
  const test = new FilterTest(store, () => 0);
  expect(await test.handle('acme', { ...wish, last })).toMatchObject({ examined, matched: examined, complete: true });
  expect(sizes).toEqual(pages);
});

it('answers with what it has when its time is over', async () => {
  let now = 0;
  const { store } = eventsUpTo(10_000, () => {
    now += 2_000;
  });
  const test = new FilterTest(store, () => now);
  expect(await test.handle('acme', { ...wish, last: 10_000 })).toMatchObject({ examined: 600, complete: false });
});

it('answers with what it has when the database takes too long', async () => {
  const test = new FilterTest({ page: async () => null } as unknown as LatestEvents, () => 0);
  expect(await test.handle('acme', wish)).toMatchObject({ examined: 0, complete: false });
});

it('runs one test of a tenant at a time, and not too many of all', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const test = new FilterTest({ page: () => gate.then(() => []) } as unknown as LatestEvents, () => 0);
  const running = ['a', 'b', 'c', 'd'].map((tenant) => test.handle(tenant, wish));
  for (const tenant of ['a', 'e'])
    await expect(test.handle(tenant, wish)).rejects.toMatchObject({
      problem: { code: 'rate_limited' },
      headers: { 'retry-after': '2' },
    });
  release();
  await Promise.all(running);
  expect(await test.handle('a', wish)).toMatchObject({ examined: 0, complete: true });
});
