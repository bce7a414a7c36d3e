import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type CommandAcceptedView,
  type DeliveryDetailView,
  decodeRejection,
  type EventDetailView,
  type ExportEventDetailView,
  type Page,
} from '@millrace/protocol';
import { eventually, HOSTILE_PAYLOADS, type ReceivedRequest, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';
import { placesOf, toldPlaces } from './told-places';

jest.setTimeout(180_000);

/** A day lasts 2.6 s, and Eclipse's 30 days 78 s. */
const SCALE = 0.00003;
const HOUR = 3_600_000;
/** Far more than a machine adds to a wait, and less than a schedule of another contract would. */
const SLACK_MS = 20_000;

interface Made {
  readonly id: string;
  readonly secret: string;
}

/** Receivers as the five systems' documents tell their customers to write them. */
const verifyProign = (payload: unknown, signature: string, secret: string): boolean =>
  signature === `sha256=${createHmac('sha256', secret).update(JSON.stringify(payload)).digest('hex')}`;
const verifyMes = (payload: unknown, signature: string, secret: string): boolean =>
  createHmac('sha256', secret).update(JSON.stringify(payload)).digest('hex') === signature;
const verifyEclips = (rawBody: string, signatureHeader: string, secret: string): boolean => {
  const expected = createHmac('sha256', secret).update(rawBody).digest('hex');
  const provided = signatureHeader.replace(/^sha256=/, '');
  const [one, other] = [Buffer.from(expected), Buffer.from(provided)];
  return one.length === other.length && timingSafeEqual(one, other);
};
const verifyNentropy = (rawBody: Buffer, signature: string, secret: string): boolean =>
  createHmac('sha256', secret).update(rawBody).digest('hex') === signature;

const header = (request: ReceivedRequest, name: string): string => String(request.headers[name]);
const spelled = (request: ReceivedRequest): string[] => request.rawHeaders.filter((_, index) => index % 2 === 0);

/** Each wait was as long as it had to be, and not much longer. */
const expectWaits = (requests: readonly ReceivedRequest[], hours: readonly number[]): void => {
  expect(requests).toHaveLength(hours.length + 1);
  hours.forEach((wait, index) => {
    const waited = requests[index + 1]!.arrivedAt - requests[index]!.arrivedAt;
    expect(waited).toBeGreaterThanOrEqual(Math.floor(wait * HOUR * SCALE) - 1);
    expect(waited).toBeLessThan(wait * HOUR * SCALE + SLACK_MS);
  });
  expect(new Set(requests.map(({ body }) => body.toString())).size).toBe(1);
};

describe('a receiver that was written for one of five systems works unchanged', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;
  /** What no topic, no log and no answer but the first may show. */
  const secrets = new Set(['your-webhook-secret', 'token-of-the-plant']);

  beforeAll(async () => {
    site = await Constellation.start({ timeScale: SCALE, variables: { LOG_LEVEL: 'debug' } });
  });
  afterAll(() => site.close());
  beforeEach(async () => {
    receiver = await ScriptedReceiver.start();
  });
  afterEach(() => receiver.close());

  const make = async <T = Made>(path: string, body: unknown): Promise<T> => {
    const answer = await site.call<T>('POST', path, body);
    if (answer.status !== 201)
      throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    const { secret } = answer.body as { secret?: string };
    if (secret !== undefined) secrets.add(secret);
    return answer.body;
  };

  it('PROIGN: six requests, each signed over JSON.stringify(req.body), then failed', async () => {
    receiver.respond(500);
    const secret = 'your-webhook-secret';
    const { id } = await make('/api/default/subscriptions', {
      event_type: 'order.shipped',
      target_module: 'external',
      webhook_url: `${receiver.url}webhooks/proign`,
      secret,
      filter: { shipping_method: 'express' },
    });
    await site.publish({ type: 'order.shipped', data: { shipping_method: 'slow' } });
    const [eventId] = await site.publish(
      '{"type":"order.shipped","timestamp":"2024-01-15T10:30:00Z","data":{"shipping_method":"express","weight":14400.0,"note":"a\\/b","10":1,"2":2}}',
    );
    const delivery = await site.settled(eventId!, 'failed', 60_000);
    expectWaits(receiver.requests, [1 / 60, 5 / 60, 0.5, 2, 24]);
    for (const [index, request] of receiver.requests.entries()) {
      expect(verifyProign(JSON.parse(request.body.toString()), header(request, 'x-proign-signature'), secret)).toBe(
        true,
      );
      expect(request.headers['x-proign-retry-count']).toBe(index === 0 ? undefined : String(index - 1));
      expect(spelled(request)).toEqual(expect.arrayContaining(['X-Proign-Signature', 'X-Proign-Delivery-ID']));
    }
    expect(new Set(receiver.requests.map((request) => header(request, 'x-proign-delivery-id'))).size).toBe(6);
    expect(receiver.requests[0]!.body.toString()).toBe(
      `{"id":"${eventId}","type":"order.shipped","timestamp":"2024-01-15T10:30:00Z","tenant_id":"default","data":{"2":2,"10":1,"shipping_method":"express","weight":14400,"note":"a/b"}}`,
    );
    expect(delivery).toMatchObject({ statusReason: 'exhausted', attemptCount: 6 });
    const history = await site.call<Page<{ id: string; status: string }>>(
      'GET',
      `/api/default/subscriptions/${id}/deliveries`,
    );
    expect(history.body.data).toMatchObject([{ id: delivery.id, status: 'failed' }]);
  });

  it('MES: only 200 acknowledges; twelve requests, failing after five, then exhausted', async () => {
    receiver.respond(201);
    const { id, secret } = await make('/api/v2/webhooks/endpoints', {
      url: `${receiver.url}webhooks/mes`,
      events: ['work_order.completed'],
      active: true,
    });
    const [eventId] = await site.publish({ type: 'work_order.completed', data: { workOrder: { id: 'wo-123' } } });
    type Log = { id: string; status: string; attempts: number };
    await eventually(
      async () => {
        const { body } = await site.call<Page<Log>>('GET', `/api/v2/webhooks/logs?endpointId=${id}`);
        return body.data.some(({ status, attempts }) => status === 'failing' && attempts < 12);
      },
      'the log to say that the delivery is failing',
      60_000,
    );
    const delivery = await site.settled(eventId!, 'failed', 60_000);
    const day = 24;
    expectWaits(receiver.requests, [5 / 3600, 30 / 3600, 5 / 60, 0.5, day, day, day, day, day, day, day]);
    for (const request of receiver.requests) {
      expect(verifyMes(JSON.parse(request.body.toString()), header(request, 'x-mes-signature'), secret)).toBe(true);
      expect(Object.keys(JSON.parse(request.body.toString()))).toEqual(['id', 'type', 'timestamp', 'data']);
    }
    expect(delivery).toMatchObject({ statusReason: 'exhausted', attemptCount: 12 });
    expect(delivery.attempts[0]!.error).toContain('only 200 acknowledges');
    receiver.respond(200);
    const [next] = await site.publish({ type: 'work_order.completed', data: {} });
    await site.settled(next!, 'succeeded');
  });

  it("N'entropy: four requests for each delivery, and the tenth in a row that fails disables the endpoint", async () => {
    receiver.respond(503);
    const made = await make('/api/v1/integration/webhook-events', {
      url: `${receiver.url}webhooks/eudr`,
      events: ['supplier.created'],
    });
    const data = { integrationId: 'int_abc123', externalId: 'VENDOR-001', internalId: 'clx1' };
    const ids = await site.publish(
      Array.from({ length: 10 }, () => ({ type: 'supplier.created', timestamp: '2024-01-15T10:30:00Z', data })),
    );
    for (const id of ids) await site.settled(id, 'failed');
    expect(receiver.requests).toHaveLength(40);
    const [request] = receiver.requests;
    expect(request!.body.toString()).toBe(
      '{"event":"supplier.created","timestamp":"2024-01-15T10:30:00.000Z","integrationId":"int_abc123","data":{"externalId":"VENDOR-001","internalId":"clx1"}}',
    );
    for (const each of receiver.requests)
      expect(verifyNentropy(each.body, header(each, 'x-webhook-signature'), made.secret)).toBe(true);
    expect(request!.headers).toMatchObject({
      'x-webhook-event': 'supplier.created',
      'x-webhook-id': made.id,
      'x-webhook-timestamp': '2024-01-15T10:30:00.000Z',
      'user-agent': 'EUDR-Platform-Webhook/1.0',
    });
    const path = `/api/v1/integration/webhook-events/${made.id}`;
    await eventually(async () => !(await site.call('GET', path)).body['active'], 'the webhook to be disabled');
    const [pending] = await site.publish({ type: 'supplier.created', data });
    expect((await site.settled(pending!, 'parked')).statusReason).toBe('endpoint_disabled');
    receiver.respond(204);
    const enabled = await site.call('PATCH', path, { active: true });
    expect(enabled.body).toMatchObject({ active: true, recovery: { suggested: { only: 'failed' } } });
    await site.settled(pending!, 'succeeded');
  });

  it('eClips: a failure is logged with its status and not tried again; a manual retry works; a run brings its own URL', async () => {
    const { secret } = await make('/v1/webhooks', {
      url: `${receiver.url}webhooks/eclips`,
      events: ['run.completed', 'run.failed', 'run.triage_required'],
    });
    receiver.respond((request) => (request.path.startsWith('/webhooks/eclips') ? 503 : 200));
    const run = {
      run_id: 'a1b2c3d4-0000-4000-8000-000000000000',
      agent_type: 'procurement_specialist',
      output: { recommended: 'Dell' },
      confidence_score: 0.94,
    };
    const [eventId] = await site.publish({ type: 'run.completed', timestamp: '2026-06-06T09:00:42.000Z', data: run });
    const failed = await site.settled(eventId!, 'failed');
    expect(failed).toMatchObject({ attemptCount: 1, lastOutcome: 'http_503' });
    const recent = await site.call<Page<{ id: string; http_status: number }>>('GET', '/v1/webhooks/deliveries');
    expect(recent.body.data).toMatchObject([{ id: failed.id, http_status: 503 }]);
    receiver.respond(200);
    await site.call<CommandAcceptedView>('POST', `/v1/deliveries/${failed.id}/retry`);
    await site.settled(eventId!, 'succeeded');
    for (const request of receiver.requests) {
      expect(verifyEclips(request.body.toString(), header(request, 'x-eclips-signature'), secret)).toBe(true);
      expect(request.headers).toMatchObject({
        'x-eclips-event': 'run.completed',
        'x-eclips-timestamp': '2026-06-06T09:00:42.000Z',
        'content-type': 'application/json',
      });
    }
    expect(receiver.requests.map(({ body }) => body.toString())).toEqual(
      Array(2).fill(
        '{"event":"run.completed","run_id":"a1b2c3d4-0000-4000-8000-000000000000","agent_type":"procurement_specialist","organization_id":"default","timestamp":"2026-06-06T09:00:42.000Z","data":{"output":{"recommended":"Dell"},"confidence_score":0.94,"requires_triage":false,"triage_item_id":null,"error":null}}',
      ),
    );

    const runSecret = (await make<{ secret: string }>('/v1/webhooks/run-secret', undefined)).secret;
    const [runId] = await site.publish({
      type: 'run.failed',
      data: { ...run, webhook_url: `${receiver.url}runs/17?step=2` },
    });
    const own = await receiver.waitFor(({ path }) => path === '/runs/17?step=2');
    expect(verifyEclips(own.body.toString(), header(own, 'x-eclips-signature'), runSecret)).toBe(true);
    await eventually(async () => {
      const both = await site.deliveries({ eventId: runId! });
      return both.length === 2 && both.every(({ status }) => status === 'succeeded');
    }, 'the webhook and the run URL to have it');
    expect(own.body.toString()).not.toContain('webhook_url');
    await receiver.waitFor(
      ({ path, headers }) => path === '/webhooks/eclips' && headers['x-eclips-event'] === 'run.failed',
    );
  });

  it('Eclipse: the bare bundle goes to the base URL; a 500 is tried again until the bundle is 30 days old', async () => {
    receiver.respond(500);
    const connection = await make<{ id: string }>('/v1/connections', {
      name: 'ERP',
      baseUrl: `${receiver.url}api/eclipse/bundle-complete`,
      bearerToken: 'token-of-the-plant',
    });
    const exported = await make('/v1/exports', {
      implementation: 'Bundle Complete Webhook',
      connectionId: connection.id,
    });
    const ageMs = 30 * 24 * HOUR * SCALE - 12_000;
    const endTime = new Date(Date.now() - ageMs).toISOString().slice(0, -1);
    const bundle = `{"JobId":"Jobs/12345","BundleCode":"12345-01","ProducedLengthIn":14400.0,"EndTime":"${endTime}","ScrapInByReason":{ "3": 40.0, "1": 80.0 }}`;
    const [eventId] = await site.publish(`{"type":"bundle.completed","data":${bundle}}`);
    const delivery = await site.settled(eventId!, 'expired', 60_000);
    expect(receiver.requests.length).toBeGreaterThan(3);
    for (const request of receiver.requests) {
      expect(request.path).toBe('/api/eclipse/bundle-complete');
      expect(request.headers.authorization).toBe('Bearer token-of-the-plant');
      expect(request.body.toString()).toBe(bundle);
    }
    const path = `/v1/export-events/${delivery.id}`;
    const detail = (await site.call<ExportEventDetailView>('GET', path)).body;
    expect(detail).toMatchObject({ exportId: exported.id, status: 'expired', bundle: { BundleCode: '12345-01' } });
    expect(detail.attempts).toBe(receiver.requests.length);
    expect(detail.activity.filter(({ status }) => status === 500)).toHaveLength(receiver.requests.length);
    expect((await site.call('POST', `${path}/retry`)).body).toMatchObject({ code: 'delivery_expired' });
    receiver.respond(204);
    expect((await site.call('POST', `${path}/retry`, { force: true, reason: 'the ERP was away' })).status).toBe(202);
    await site.settled(eventId!, 'succeeded');
    expect(JSON.stringify(await site.delivery(delivery.id))).not.toContain('token-of-the-plant');
  });

  it('Eclipse: a receiver that is gone is down at once; its bundles wait and drain when it is back; one can be cancelled', async () => {
    const { port } = receiver;
    const connection = await make<{ id: string }>('/v1/connections', { name: 'ERP 2', baseUrl: `${receiver.url}erp2` });
    const exported = await make<{ id: string; endpointId: string }>('/v1/exports', {
      implementation: 'Bundle Complete Webhook',
      connectionId: connection.id,
    });
    await receiver.close();
    const endTime = new Date().toISOString().slice(0, -1);
    const bundles = Array.from({ length: 20 }, (_, n) => ({
      type: 'bundle.completed',
      data: { BundleCode: `B-${n}`, EndTime: endTime },
    }));
    await site.publish(bundles);
    const exportPath = `/v1/exports/${exported.id}`;
    await eventually(async () => {
      const { body } = await site.call('GET', exportPath);
      return body['status'] === 'down' && Number(body['queued']) > 0;
    }, 'the export to be down, with bundles that wait');
    const waiting = await eventually(
      async () => (await site.deliveries({ endpointId: exported.endpointId, status: 'parked' }))[0],
      'a bundle that waits',
    );
    expect((await site.call('POST', `/v1/export-events/${waiting.id}/cancel`)).status).toBe(202);
    await eventually(async () => (await site.delivery(waiting.id)).status === 'cancelled', 'it to be cancelled');
    const back = await ScriptedReceiver.start(200, port);
    try {
      await eventually(
        async () => (await site.deliveries({ endpointId: exported.endpointId, status: 'succeeded' })).length === 19,
        'the others to be delivered',
        60_000,
      );
      expect(new Set(back.requests.map(({ body }) => body.toString())).size).toBe(19);
      expect(back.requests.some(({ headers }) => headers.authorization !== undefined)).toBe(false);
      await eventually(
        async () => (await site.call('GET', exportPath)).body['status'] === 'active',
        'the export to be up',
      );
    } finally {
      await back.close();
    }
  });

  it('an event that JavaScript would change is kept back for those who verify in it, and reaches the others as it came', async () => {
    await make('/api/v2/webhooks/endpoints', { url: `${receiver.url}mes`, events: ['operation.started'] });
    await site.createEndpoint(`${receiver.url}standard`, { eventTypes: ['operation.started'] });
    const data = '{"serial":12345678901234567890}';
    const [eventId] = await site.publish(`{"type":"operation.started","data":${data}}`);
    const request = await receiver.waitFor(({ path }) => path === '/standard');
    expect(request.body.toString()).toContain(`"data":${data}}`);
    await site.settled(eventId!, 'succeeded');
    expect((await site.deliveries({ eventId: eventId! })).map(({ contract }) => contract)).toEqual(['standard']);
    expect(receiver.requests.some(({ path }) => path === '/mes')).toBe(false);
    const logged = await site.call<EventDetailView>('GET', `/v1/event-log/${eventId}`);
    expect(logged.body.rejections).toMatchObject([
      { code: 'unrepresentable', detail: expect.stringContaining('data.serial: the number 12345678901234567890') },
    ]);
  });

  it('adds up: every delivery of every contract, those to run URLs too', async () => {
    const { exitCode, result } = await site.reconcile();
    expect(result.findings).toEqual([]);
    expect([exitCode, result.addsUp]).toEqual([0, true]);
    expect(result.totals['accepted']).toBeGreaterThan(0);
  });

  it('shows no secret anywhere after that: not in a topic, a log or an answer', async () => {
    const lists = ['endpoints', 'webhooks', 'connections', 'exports', 'deliveries', 'event-log', 'audit-log'];
    const deliveries = (await site.deliveries()).map(({ id }) => `/v1/deliveries/${id}`);
    const places = await toldPlaces(site, [...lists.map((path) => `/v1/${path}?limit=200`), ...deliveries]);
    // What is no secret is found, so the search does search.
    const id = String((await site.call<Page<{ id: string }>>('GET', '/v1/endpoints')).body.data[0]?.id);
    expect(placesOf(id, places)).toEqual(
      expect.arrayContaining(['subscription.endpoint', site.topics.endpoints, 'GET /v1/endpoints?limit=200']),
    );
    expect([...secrets].flatMap((secret) => placesOf(secret, places))).toEqual([]);
  });
});

describe('one event for six endpoints, one under each contract', () => {
  const CONTRACTS = ['standard', 'eclipse', 'eclips', 'proign', 'mes', 'nentropy'] as const;
  let site: Constellation;
  let receiver: ScriptedReceiver;

  beforeAll(async () => {
    site = await Constellation.start({ timeScale: 0.005 });
    receiver = await ScriptedReceiver.start('hang');
  });
  afterAll(async () => {
    await site.close();
    await receiver.close();
  });

  it('is six right deliveries, whose bodies stay the same over attempts, a kill -9 and a manual retry', async () => {
    const secrets = new Map<string, string>();
    for (const contract of CONTRACTS) {
      const made = await site.createEndpoint(`${receiver.url}${contract}`, { eventTypes: ['plant.*'], contract });
      secrets.set(contract, made.secret);
    }
    const data = '{"run_id":"r-1","output":{"n":1.50},"integrationId":"int_1","externalId":"V-1","EndTime":null}';
    const time = new Date().toISOString();
    const [eventId] = await site.publish(`{"type":"plant.event","timestamp":"${time}","data":${data}}`);
    const of = (contract: string) => receiver.requests.filter(({ path }) => path === `/${contract}`);
    for (const contract of CONTRACTS) await receiver.waitFor(({ path }) => path === `/${contract}`);

    await site.service('delivery').kill();
    const failures = new Set<string>();
    receiver.respond(({ path }) => {
      if (failures.has(path)) return 200;
      failures.add(path);
      return 500;
    });
    await site.add('delivery');
    const deliveries = async () => site.deliveries({ eventId: eventId! });
    await eventually(
      async () => {
        const all = await deliveries();
        return (
          all.length === 6 &&
          all.every(({ status, contract }) => status === (contract === 'eclips' ? 'failed' : 'succeeded'))
        );
      },
      'five to succeed and that of eclips to fail',
      60_000,
    );
    const failed = (await deliveries()).find(({ contract }) => contract === 'eclips')!;
    await site.call('POST', `/v1/deliveries/${failed.id}/retry`);
    await eventually(async () => (await site.delivery(failed.id)).status === 'succeeded', 'the retry to succeed');

    const bodies: { readonly [contract: string]: string } = {
      standard: `{"id":"${eventId}","type":"plant.event","timestamp":"${time}","data":${data}}`,
      eclipse: data,
      eclips: `{"event":"plant.event","run_id":"r-1","agent_type":null,"organization_id":"default","timestamp":"${time}","data":{"output":{"n":1.50},"confidence_score":null,"requires_triage":false,"triage_item_id":null,"error":null}}`,
      proign: `{"id":"${eventId}","type":"plant.event","timestamp":"${time}","tenant_id":"default","data":{"run_id":"r-1","output":{"n":1.5},"integrationId":"int_1","externalId":"V-1","EndTime":null}}`,
      mes: `{"id":"${eventId}","type":"plant.event","timestamp":"${time}","data":{"run_id":"r-1","output":{"n":1.5},"integrationId":"int_1","externalId":"V-1","EndTime":null}}`,
      nentropy: `{"event":"plant.event","timestamp":"${time}","integrationId":"int_1","data":{"run_id":"r-1","output":{"n":1.50},"externalId":"V-1","EndTime":null}}`,
    };
    for (const contract of CONTRACTS) {
      const requests = of(contract);
      expect(requests.length).toBeGreaterThanOrEqual(3);
      expect([contract, ...new Set(requests.map(({ body }) => body.toString()))]).toEqual([contract, bodies[contract]]);
      expect(new Set(requests.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([eventId]));
      const shown: DeliveryDetailView = await site.delivery(
        (await deliveries()).find((each) => each.contract === contract)!.id,
      );
      expect(shown.attempts.at(-1)!.request.body).toBe(bodies[contract]);
    }
    const secretOf = (contract: string) => secrets.get(contract)!;
    for (const request of of('proign'))
      expect(
        verifyProign(JSON.parse(request.body.toString()), header(request, 'x-proign-signature'), secretOf('proign')),
      ).toBe(true);
    for (const request of of('mes'))
      expect(verifyMes(JSON.parse(request.body.toString()), header(request, 'x-mes-signature'), secretOf('mes'))).toBe(
        true,
      );
    for (const request of of('nentropy'))
      expect(verifyNentropy(request.body, header(request, 'x-webhook-signature'), secretOf('nentropy'))).toBe(true);
    for (const request of of('eclips'))
      expect(verifyEclips(request.body.toString(), header(request, 'x-eclips-signature'), secretOf('eclips'))).toBe(
        true,
      );
  });

  it('holds for every hostile payload: round trips where JavaScript verifies, the bytes as they came everywhere else', async () => {
    const hostile = await ScriptedReceiver.start();
    try {
      for (const contract of CONTRACTS)
        await site.createEndpoint(`${hostile.url}${contract}`, { eventTypes: ['run.completed'], contract });
      const events = HOSTILE_PAYLOADS.map(
        ({ data }, n) => `{"type":"run.completed","id":"hostile-${n}","data":${data}}`,
      );
      for (let batch: string[] = []; events.length > 0; batch = []) {
        while (events.length > 0 && batch.join().length + events[0]!.length < 1_000_000) batch.push(events.shift()!);
        await site.publish(`[${batch.join(',')}]`);
      }
      const exact = HOSTILE_PAYLOADS.filter((payload) => payload.exact).length;
      const inexact = HOSTILE_PAYLOADS.length - exact;
      await hostile.waitForCount(exact * 6 + inexact * 4, 60_000);
      const bodyOf = new Map(
        hostile.requests.map(({ path, headers, body }) => [`${path} ${headers['webhook-id']}`, body.toString()]),
      );
      HOSTILE_PAYLOADS.forEach(({ data, exact: isExact }, n) => {
        const body = (contract: string) => bodyOf.get(`/${contract} hostile-${n}`);
        expect(body('standard')).toContain(`"data":${data.trim()}}`);
        expect(body('nentropy')).toContain(`"data":${data.trim()}}`);
        expect(body('eclipse')).toBe(data.trim());
        expect(body('eclips')).toContain('"event":"run.completed"');
        for (const contract of ['proign', 'mes']) {
          expect(body(contract) !== undefined).toBe(isExact);
          // V8 can read a name that begins with an escape wrongly.
          if (isExact && !body(contract)!.includes('"\\'))
            expect(JSON.stringify(JSON.parse(body(contract)!))).toBe(body(contract));
        }
      });
      const reasons: string[] = [];
      for (const partition of (await site.kafka.endOffsets(site.topics.eventsRejected)).keys())
        await site.kafka.readRange({
          topic: site.topics.eventsRejected,
          partition,
          from: 0n,
          onMessage: (message) => {
            const { rejection } = decodeRejection(message)!;
            if (rejection.code === 'unrepresentable') reasons.push(rejection.detail);
          },
        });
      expect(reasons).toHaveLength(inexact);
      for (const reason of reasons)
        expect(reason).toMatch(/contract proign .*data\.a\.0\.n: the number .* is not exact in JavaScript/);
    } finally {
      await hostile.close();
    }
  });
});
