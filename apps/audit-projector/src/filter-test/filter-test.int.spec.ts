import { encodeEvent, type FilterTestView, type Problem } from '@millrace/protocol';
import { eventually, testEnvironment } from '@millrace/test-environment';
import { ADMIN_KEY, HistorySite } from '../../test/history-site';
import { sampleEvent } from '../projector/sample-log.fixture';

jest.setTimeout(120_000);

const EVENTS = 450;
let site: HistorySite;
beforeAll(async () => {
  site = await HistorySite.start(await testEnvironment(), eventually);
  const time = new Date().toISOString();
  const events = Array.from({ length: EVENTS }, (_, n) =>
    sampleEvent(`evt-${n}`, {
      type: n % 3 === 0 ? 'order.shipped' : 'machine.alarm',
      data: `{"n":${n}}`,
      subject: `press-${n % 2}`,
      time,
    }),
  );
  const [topic] = [site.names.events('mes')];
  // one partition, so that they are accepted in this order
  await site.producer.send(
    [...events, sampleEvent('evt-acme', { tenant: 'acme', time })].map((event) => ({
      ...encodeEvent(topic, event),
      partition: 0,
    })),
  );
  const acme = (await site.newKey('acme', ['deliveries:read'])).text;
  await eventually(async () => (await site.get('/v1/event-log/evt-acme', acme)).status === 200, 'all are stored');
});
afterAll(async () => {
  await site?.stop();
});

const test = async (body: object, key = ADMIN_KEY) =>
  (await site.post<FilterTestView>('/v1/filters/test', body, key)).body;

it.each<[object, Partial<FilterTestView>]>([
  [{ filter: {} }, { examined: EVENTS, matched: EVENTS, complete: true }],
  [{ filter: { n: { $gte: 440 } } }, { examined: EVENTS, matched: 10 }],
  [{ filter: { '@subject': 'press-1' } }, { examined: EVENTS, matched: EVENTS / 2 }],
  [
    { filter: { n: -1 }, last: 300 },
    { examined: 300, matched: 0, examples: [] },
  ],
  [
    { filter: {}, eventTypes: ['order.*'] },
    { examined: 150, matched: 150 },
  ],
  [
    { filter: { n: 3 }, eventTypes: ['order.shipped', 'no.such'] },
    { examined: 150, matched: 1 },
  ],
  [
    { filter: {}, eventTypes: ['order.*', '*'], last: 7 },
    { examined: 7, matched: 7 },
  ],
  [
    { filter: {}, eventTypes: ['order'] },
    { examined: 0, matched: 0, oldest: null, complete: true },
  ],
])('%j', async (body, expected) => {
  expect(await test(body)).toMatchObject(expected);
});

it('gives the latest that match as examples, at most ten', async () => {
  const { examples, oldest } = await test({ filter: { n: { $lt: 400 } } });
  expect(examples).toHaveLength(10);
  expect(examples.every(({ eventId }) => Number(eventId.slice(4)) < 400)).toBe(true);
  expect(examples[0]).toMatchObject({ type: expect.any(String), timestamp: expect.any(String) });
  expect(Date.parse(oldest!)).toBeGreaterThan(Date.now() - 120_000);
});

it('looks at the events of its tenant only', async () => {
  const { text } = await site.newKey('acme', ['webhooks:read']);
  expect(await test({ filter: {} }, text)).toMatchObject({
    examined: 1,
    matched: 1,
    examples: [{ eventId: 'evt-acme' }],
  });
});

it.each([
  [{}, 'filter'],
  [{ filter: null }, 'filter'],
  [{ filter: { $where: 'x' } }, 'filter.$where'],
  [{ filter: {}, last: 10_001 }, 'last'],
  [{ filter: {}, last: 0 }, 'last'],
  [{ filter: {}, eventTypes: ['*.x'] }, 'eventTypes[0]'],
  [{ filter: {}, limit: 1 }, 'limit'],
])('refuses %j', async (body, path) => {
  const answer = await site.post<Problem>('/v1/filters/test', body);
  expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path }] } });
});
