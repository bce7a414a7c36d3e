import { randomUUID } from 'node:crypto';
import type { DeliveryCreated, DeliveryFact, HeldKeyView, Page, Problem } from '@millrace/protocol';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { HistorySite } from '../../test/history-site';
import {
  createdFact,
  endedFact,
  finishedFact,
  parkedFact,
  sampleEvent,
  startedFact,
} from '../projector/sample-log.fixture';

jest.setTimeout(120_000);

let site: HistorySite;
beforeAll(async () => {
  site = await HistorySite.start(await testEnvironment(), eventually);
});
afterAll(async () => {
  await site?.stop();
});

const T = Date.now() - 600_000;
const made = (endpointId: string, subject: string | null, at: number): DeliveryCreated =>
  createdFact(sampleEvent(randomUUID(), { subject, time: new Date(at).toISOString() }), endpointId, at);
const failing = (created: DeliveryCreated, attempts = 1): DeliveryFact[] => [
  created,
  ...Array.from({ length: attempts }, (_, n) => {
    const started = startedFact(created, n + 1, created.at + 10 + n);
    return [started, finishedFact(started, 500, { kind: 'retry', nextAttemptAt: T + 900_000 })];
  }).flat(),
];
const waiting = (created: DeliveryCreated, behind: DeliveryCreated | null): DeliveryFact[] => [
  created,
  parkedFact(created, { at: created.at + 5, reason: 'behind_key', behind: behind?.deliveryId ?? null }),
];
const held = async (endpointId: string, query = '') =>
  (await site.get<Page<HeldKeyView>>(`/v1/endpoints/${endpointId}/held-keys${query}`)).body;
const skip = (created: DeliveryCreated) => site.post<Problem>(`/v1/deliveries/${created.deliveryId}/skip`);
const time = (ms: number) => new Date(ms).toISOString();

it('shows each key that is held, what holds it and how many wait, longest held first', async () => {
  const ep = 'ep_keys';
  const [a, b, free] = [made(ep, 'press-1', T), made(ep, 'press-2', T + 1), made(ep, 'press-3', T + 2)];
  const waitingForA = [10, 11, 12].map((ms) => made(ep, 'press-1', T + ms));
  const waitingForB = made(ep, 'press-2', T + 20);
  await site.publish([
    ...failing(a, 3),
    ...failing(b),
    ...failing(free),
    ...waitingForA.flatMap((created) => waiting(created, a)),
    ...waiting(waitingForB, b),
    // waits for its endpoint, not for its key
    ...[made(ep, 'press-2', T + 30)].flatMap((created) => [created, parkedFact(created, { at: T + 31 })]),
  ]);
  await site.deliveryIs(waitingForB.deliveryId, 'parked');
  const { data, nextCursor } = await held(ep);
  expect(data).toEqual([
    {
      key: 'press-1',
      headDeliveryId: a.deliveryId,
      headStatus: 'retrying',
      attempts: 3,
      heldCount: 3,
      since: time(T + 15),
      nextAttemptAt: time(T + 900_000),
    },
    expect.objectContaining({ key: 'press-2', headDeliveryId: b.deliveryId, attempts: 1, heldCount: 1 }),
  ]);
  expect(nextCursor).toBeNull();
  expect((await skip(a)).status).toBe(202);
  expect(await skip(free)).toMatchObject({ status: 409, body: { code: 'nothing_waits_behind' } });
  expect((await site.commandsFor(a.deliveryId))[0]!.command).toMatchObject({ kind: 'skip', endpointId: ep });
});

it('finds what holds a key after what it was parked behind has ended', async () => {
  const ep = 'ep_moved_on';
  const [a, b, c, d] = [0, 10, 20, 30].map((ms) => made(ep, 'press-1', T + ms)) as [
    DeliveryCreated,
    DeliveryCreated,
    DeliveryCreated,
    DeliveryCreated,
  ];
  await site.publish([
    ...failing(a),
    ...waiting(b, a),
    ...waiting(c, a),
    ...waiting(d, null),
    // the same subject at another endpoint holds nothing here
    ...failing(made('ep_other', 'press-1', T + 5)),
    endedFact(a, { at: T + 500, attempt: 1, reason: 'skipped_by_command', by: 'key-1', commandId: 'cmd_1' }),
  ]);
  await site.deliveryIs(a.deliveryId, 'cancelled');
  expect((await held(ep)).data).toEqual([
    expect.objectContaining({ key: 'press-1', headDeliveryId: null, headStatus: null, attempts: 0, heldCount: 3 }),
  ]);
  await site.publish(
    failing(b)
      .slice(1)
      .map((fact) => ({ ...fact, at: fact.at + 1_000 })),
  );
  await site.deliveryIs(b.deliveryId, 'retrying');
  expect((await held(ep)).data).toEqual([
    expect.objectContaining({ key: 'press-1', headDeliveryId: b.deliveryId, heldCount: 2 }),
  ]);
  expect((await skip(b)).status).toBe(202);
  expect(await skip(c)).toMatchObject({ status: 409, body: { code: 'delivery_parked' } });
});

it('shows one order for all as one key', async () => {
  const ep = 'ep_strict';
  const head = made(ep, 'press-1', T);
  const others = ['press-2', 'press-3', null].map((subject, n) => made(ep, subject, T + 10 + n));
  await site.publish([...failing(head), ...others.flatMap((created) => waiting(created, head))]);
  await site.deliveryIs(others[2]!.deliveryId, 'parked');
  expect((await held(ep)).data).toEqual([
    expect.objectContaining({ key: null, headDeliveryId: head.deliveryId, heldCount: 3 }),
  ]);
});

it('pages, and refuses what is no page of this list', async () => {
  const ep = 'ep_pages';
  const heads = Array.from({ length: 5 }, (_, n) => made(ep, `press-${n}`, T + n));
  const last = made(ep, 'press-4', T + 100);
  await site.publish([
    ...heads.flatMap((head) => failing(head)),
    ...heads.slice(0, 4).flatMap((head, n) => waiting(made(ep, `press-${n}`, T + 50 + n), head)),
    ...waiting(last, heads[4]!),
  ]);
  await site.deliveryIs(last.deliveryId, 'parked');
  const seen: (string | null)[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<HeldKeyView> = await held(ep, `?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`);
    seen.push(...page.data.map(({ key }) => key));
    cursor = page.nextCursor;
    if (cursor !== null)
      expect(await site.get(`/v1/endpoints/ep_other/held-keys?cursor=${cursor}`)).toMatchObject({
        status: 422,
        body: { code: 'invalid_cursor' },
      });
  } while (cursor !== null);
  expect(seen).toEqual(['press-0', 'press-1', 'press-2', 'press-3', 'press-4']);
  expect((await site.get('/v1/endpoints/ep_pages/held-keys?limit=0')).status).toBe(422);
  expect((await site.get('/v1/endpoints/%00/held-keys')).status).toBe(404);
  expect(await held('ep_unknown')).toEqual({ data: [], nextCursor: null });
});
