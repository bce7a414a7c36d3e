import { connectDatabase, runMigrations } from '@millrace/postgres';
import {
  type DeliveryFact,
  type DeliveryView,
  EVENT_MODULES,
  type EventDetailView,
  encodeEvent,
  encodeRejection,
  type Page,
} from '@millrace/protocol';
import { silentLogger } from '@millrace/telemetry';
import { eventually, isolatedEnvironment, type TestEnvironment } from '@millrace/test-environment';
import { HistorySite } from '../test/history-site';
import { historyDatabase, historyTopics } from './history.config';
import {
  createdFact,
  finishedFact,
  ODDITIES,
  reopenedFact,
  sampleEvent,
  startedFact,
} from './projector/sample-log.fixture';
import { compareSchemas } from './rebuild/compare-schemas.store';
import { rebuildHistory } from './rebuild/rebuild-history';

jest.setTimeout(120_000);

describe('the history service', () => {
  let environment: TestEnvironment;
  let site: HistorySite;
  let otherTenantsKey: string;

  beforeAll(async () => {
    environment = await isolatedEnvironment();
    site = await HistorySite.start(environment, eventually);
    otherTenantsKey = (await site.newKey('acme', ['deliveries:read'])).text;
  });
  afterAll(async () => {
    await site?.stop();
    await environment?.close();
  });

  const get = <T>(path: string, key?: string) => site.get<T>(path, key);
  const publish = (facts: readonly DeliveryFact[], partition?: number) => site.publish(facts, partition);
  const deliveryIs = (id: string, status: string, key?: string) => site.deliveryIs(id, status, key);
  const send: HistorySite['producer']['send'] = (messages) => site.producer.send(messages);

  it('shows an event, its delivery and every attempt with what was sent and answered', async () => {
    const event = sampleEvent('evt-whole', {
      data: '{"force":14400.0,"serial":12345678901234567890}',
      time: new Date().toISOString(),
    });
    await send([encodeEvent(site.names.events('mes'), event)]);
    const logged = await eventually(async () => {
      const answer = await get<EventDetailView>('/v1/event-log/evt-whole');
      return answer.status === 200 ? answer : null;
    }, 'the event is in the log');
    expect(logged.text).toContain(`"data":${event.data}`);
    const acceptedAt = Date.parse(logged.body.acceptedAt);
    const created = createdFact(event, 'ep_whole', acceptedAt);
    const first = startedFact(created, 1, acceptedAt + 10);
    const second = startedFact(created, 2, acceptedAt + 5_000);
    await publish([
      created,
      first,
      finishedFact(first, 503, { kind: 'retry', nextAttemptAt: acceptedAt + 5_000 }),
      startedFact(created, 2, acceptedAt + 4_990, 'died'),
      second,
      finishedFact(second, 200, { kind: 'succeeded' }),
    ]);
    const shown = await deliveryIs(created.deliveryId, 'succeeded');
    expect(shown).toMatchObject({
      eventId: 'evt-whole',
      attemptCount: 2,
      requestCount: 3,
      lastOutcome: 'success',
      nextAttemptAt: null,
    });
    expect(shown.attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'http_503'],
      [2, 'unknown'],
      [2, 'success'],
    ]);
    expect(shown.attempts[2]).toMatchObject({
      durationMs: 117,
      request: { url: 'https://receiver.example/hooks', bodyMissing: null },
      response: { status: 200, body: 'answer', bodyTruncated: false },
    });
    expect(shown.attempts[2]?.request.body).toContain(`"data":${event.data}}`);
    expect((await get<EventDetailView>('/v1/event-log/evt-whole')).body.deliveries).toMatchObject([
      { id: created.deliveryId },
    ]);
  });

  it('shows the attempts of every epoch, in order', async () => {
    const at = Date.now();
    const created = createdFact(sampleEvent('evt-epochs', { time: new Date(at).toISOString() }), 'ep_epochs', at);
    const first = {
      ...startedFact(created, 1, at + 10),
      recordOffset: 5,
      chain: { sequence: 41, previousId: 'evt-40' },
    };
    const second = { ...startedFact(created, 1, at + 90, 'again'), epoch: 1, recordOffset: 9 };
    await publish([
      created,
      first,
      finishedFact(first, 500, { kind: 'failed', reason: 'exhausted' }),
      reopenedFact(created, 1, at + 80),
      { ...second, chain: first.chain },
      finishedFact(second, 200, { kind: 'succeeded' }),
    ]);
    const shown = await deliveryIs(created.deliveryId, 'succeeded');
    expect(shown).toMatchObject({ epoch: 1, sequence: 41, previousEventId: 'evt-40', behind: null, attemptCount: 2 });
    expect(shown.attempts.map(({ epoch, number, outcome }) => [epoch, number, outcome])).toEqual([
      [0, 1, 'http_500'],
      [1, 1, 'success'],
    ]);
    expect(shown.commands).toEqual([
      {
        commandId: 'cmd_evt-epochs_1',
        command: 'retry',
        by: 'key-1',
        result: 'done',
        reason: null,
        at: new Date(at + 80).toISOString(),
      },
    ]);
  });

  it('lists by subject, whatever it holds, and by trigger', async () => {
    const at = Date.now();
    const odd = 'a\0b\u2028"%\'';
    const facts = [
      createdFact(sampleEvent('evt-s1', { subject: odd, time: new Date(at).toISOString() }), 'ep_subject', at),
      createdFact(sampleEvent('evt-s2', { subject: 'x', time: new Date(at).toISOString() }), 'ep_subject', at),
      {
        ...createdFact(sampleEvent('evt-s3', { subject: null, time: new Date(at).toISOString() }), 'ep_subject', at),
        trigger: { kind: 'recovery' as const, id: 'rec_1' },
      },
    ];
    await publish(facts);
    await deliveryIs(facts[2]!.deliveryId, 'pending');
    const list = async (query: string) =>
      (await get<Page<DeliveryView>>(`/v1/deliveries?endpointId=ep_subject&${query}`)).body.data.map(
        ({ eventId, subject, trigger }) => [eventId, subject, trigger],
      );
    expect(await list(`subject=${encodeURIComponent(odd)}`)).toEqual([['evt-s1', odd, 'event']]);
    expect(await list('subject=x&trigger=event')).toEqual([['evt-s2', 'x', 'event']]);
    expect(await list('trigger=recovery')).toEqual([['evt-s3', null, 'recovery']]);
  });

  it('keeps tenants apart on every call', async () => {
    const event = sampleEvent('evt-acme', { tenant: 'acme', time: new Date().toISOString() });
    const created = createdFact(event, 'ep_acme', Date.now());
    await send([encodeEvent(site.names.events('mes'), event)]);
    await publish([created]);
    await deliveryIs(created.deliveryId, 'pending', otherTenantsKey);
    for (const path of [`/v1/deliveries/${created.deliveryId}`, '/v1/event-log/evt-acme'])
      expect((await get(path)).status).toBe(404);
    for (const path of ['/v1/deliveries?endpointId=ep_acme', '/v1/deliveries?eventId=evt-acme'])
      expect((await get<Page<DeliveryView>>(path)).body.data).toEqual([]);
    expect((await get<Page<{ id: string }>>('/v1/event-log?limit=200')).body.data.map(({ id }) => id)).not.toContain(
      'evt-acme',
    );
  });

  it('pages through a list without losing or repeating a row, and refuses a cursor of another list', async () => {
    const at = Date.now();
    const facts = Array.from({ length: 23 }, (_, n) =>
      // Several in one millisecond: the id decides.
      createdFact(
        sampleEvent(`evt-page-${n}`, { time: new Date(at).toISOString() }),
        'ep_page',
        at + Math.floor(n / 4),
      ),
    );
    await publish(facts);
    await deliveryIs(facts[22]!.deliveryId, 'pending');
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await get<Page<DeliveryView>>(`/v1/deliveries?endpointId=ep_page&limit=5${query}`);
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.nextCursor;
      if (seen.length === 5) {
        const refused = [
          await get(`/v1/deliveries?endpointId=ep_other&cursor=${cursor}`),
          await get(`/v1/deliveries?endpointId=ep_page&cursor=${cursor}`, otherTenantsKey),
          await get(`/v1/event-log?cursor=${cursor}`),
        ];
        for (const answer of refused) expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_cursor' } });
      }
    } while (cursor !== null);
    // without a filter the two lists differ by their name only
    const all = await get<Page<DeliveryView>>('/v1/deliveries?limit=1');
    expect(await get(`/v1/event-log?limit=1&cursor=${all.body.nextCursor}`)).toMatchObject({
      status: 422,
      body: { code: 'invalid_cursor' },
    });
    const order = [...facts].sort((a, b) => b.at - a.at || (a.deliveryId < b.deliveryId ? 1 : -1));
    expect(seen).toEqual(order.map(({ deliveryId }) => deliveryId));
  });

  it.each([
    ['/v1/deliveries?limit=1000000000', 422, 'invalid_request'],
    ['/v1/deliveries?limit=0', 422, 'invalid_request'],
    ['/v1/deliveries?limit=1&limit=2', 422, 'invalid_request'],
    ['/v1/deliveries?status=lost', 422, 'invalid_request'],
    ['/v1/deliveries?endpoint=x', 422, 'invalid_request'],
    ['/v1/deliveries?trigger=replay', 422, 'invalid_request'],
    [`/v1/deliveries?subject=${'x'.repeat(513)}`, 422, 'invalid_request'],
    ['/v1/deliveries?endpointId=%00', 422, 'invalid_request'],
    ['/v1/deliveries?eventType=%ED%A0%80', 422, 'invalid_request'],
    ["/v1/deliveries?eventId=';DROP%20TABLE%20deliveries", 422, 'invalid_request'],
    ['/v1/deliveries?from=yesterday', 422, 'invalid_request'],
    ['/v1/deliveries?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z', 200, undefined],
    ['/v1/deliveries?cursor=AAAA', 422, 'invalid_cursor'],
    ['/v1/deliveries?cursor[a]=b', 422, undefined],
    ['/v1/deliveries/%00', 404, 'not_found'],
    ['/v1/deliveries/0199c1a2-7c3d-8abc-9def-000000000003', 404, 'not_found'],
    ['/v1/event-log/..%2f..', 404, 'not_found'],
    ['/v1/event-log?type=*&limit=5', 422, 'invalid_request'],
  ])('answers %s with %i', async (path, status, code) => {
    const answer = await get<{ code?: string }>(path);
    expect(answer.status).toBe(status);
    if (code !== undefined) expect(answer.body.code).toBe(code);
  });

  it('needs a key, and one that may read deliveries', async () => {
    expect((await get('/v1/deliveries', 'mr_wrong_key_of_nobody')).status).toBe(401);
  });

  it('passes what it cannot store, and keeps rejected records', async () => {
    await send(
      ODDITIES.map((value) => ({ topic: site.names.deliveryLog, partition: 1, key: null, value, headers: {} })),
    );
    const origin = {
      topic: site.names.events('mes'),
      partition: 0,
      offset: 5n,
      timestamp: 1,
      key: null,
      value: Buffer.from([0, 255]),
      headers: {},
    };
    await send([
      encodeRejection(site.names.eventsRejected, origin, { code: 'not_json', detail: '\0\ud800' }, Date.now()),
    ]);
    await send([
      { topic: site.names.events('mes'), partition: 0, key: null, value: Buffer.from('not an event'), headers: {} },
    ]);
    const after = createdFact(sampleEvent('evt-after', { time: new Date().toISOString() }), 'ep_after', Date.now());
    await publish([after], 1);
    await deliveryIs(after.deliveryId, 'pending');
  });

  it('shows with an event what of it stands in the quarantine, to its own tenant alone', async () => {
    const event = sampleEvent('evt-refused', { data: '{"n":1e400}', time: new Date().toISOString() });
    const record = encodeEvent(site.names.events('mes'), event);
    await send([record]);
    const origin = {
      topic: record.topic,
      partition: 0,
      offset: 77n,
      timestamp: Date.now(),
      key: null,
      value: record.value,
      headers: Object.fromEntries(Object.entries(record.headers).map(([name, text]) => [name, Buffer.from(text)])),
    };
    const why = { code: 'unrepresentable', detail: 'data.n: the number 1e400 is not exact' };
    await send([encodeRejection(site.names.eventsRejected, origin, why, Date.now())]);
    const shown = await eventually(async () => {
      const { status, body } = await get<EventDetailView>('/v1/event-log/evt-refused');
      return status === 200 && body.rejections.length > 0 ? body : null;
    }, 'the event to be shown with its rejection');
    expect(shown).toMatchObject({ deliveries: [], rejections: [{ ...why, at: expect.stringMatching(/Z$/) }] });
    expect((await get('/v1/event-log/evt-refused', otherTenantsKey)).status).toBe(404);
  });

  it('waits while PostgreSQL is away, says so, loses nothing, and answers 503 meanwhile', async () => {
    const facts = Array.from({ length: 400 }, (_, n) =>
      createdFact(sampleEvent(`evt-down-${n}`, { time: new Date().toISOString() }), 'ep_down', Date.now()),
    );
    await publish(facts.slice(0, 200));
    await environment.stopDatabase('immediate');
    await publish(facts.slice(200));
    const answer = await get<{ code: string }>('/v1/deliveries');
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect((await get('/readyz')).status).toBe(503);
    expect((await get('/healthz')).status).toBe(200);
    await environment.startDatabase();
    await eventually(
      async () => {
        const { status, body } = await get<Page<DeliveryView>>('/v1/deliveries?endpointId=ep_down&limit=200');
        if (status !== 200 || body.nextCursor === null) return null;
        const rest = await get<Page<DeliveryView>>(
          `/v1/deliveries?endpointId=ep_down&limit=200&cursor=${body.nextCursor}`,
        );
        return body.data.length + (rest.body.data?.length ?? 0) === 400 ? true : null;
      },
      'all 400 are there',
      30_000,
    );
  });

  it('goes on where it stopped', async () => {
    await site.service.stop();
    const created = createdFact(sampleEvent('evt-again', { time: new Date().toISOString() }), 'ep_again', Date.now());
    await publish([created]);
    await site.restart();
    await deliveryIs(created.deliveryId, 'pending');
    const { body } = await get<Page<DeliveryView>>('/v1/deliveries?endpointId=ep_page&limit=200');
    expect(body.data).toHaveLength(23);
  });

  it('can be rebuilt from the log: no row differs', async () => {
    const url = site.variables['MILLRACE_DATABASE_URL']!;
    const side = await connectDatabase(historyDatabase(url, 'history_rebuild'), silentLogger);
    try {
      await runMigrations(side, silentLogger);
      const report = await rebuildHistory(site.kafka, side, site.names, historyTopics(site.names, EVENT_MODULES));
      expect(report.facts).toBeGreaterThan(430);
      expect(await compareSchemas(side, 'history', 'history_rebuild')).toEqual([]);
    } finally {
      await side.destroy();
    }
  });
});
