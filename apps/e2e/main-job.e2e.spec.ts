import { verifyWebhook } from '@millrace/sdk';
import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';

jest.setTimeout(120_000);

describe('an event goes in, a signed webhook comes out, and the history tells it all', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;

  beforeAll(async () => {
    site = await Constellation.start({ timeScale: 0.02 });
  });
  afterAll(() => site.close());
  beforeEach(async () => {
    receiver = await ScriptedReceiver.start();
  });
  afterEach(() => receiver.close());

  it('delivers an event that was published directly after the 201 of its endpoint', async () => {
    for (let round = 0; round < 10; round++) {
      const type = `order.round_${round}`;
      const { secret } = await site.createEndpoint(`${receiver.url}round-${round}`, { eventTypes: [type] });
      const [id] = await site.publish({ type, data: { round } });
      const request = await receiver.waitFor((each) => each.path === `/round-${round}`);
      expect(request.headers['webhook-id']).toBe(id);
      expect(() => verifyWebhook({ body: request.body, headers: request.headers, secret })).not.toThrow();
    }
  });

  it('delivers the bytes of the data as the producer sent them', async () => {
    await site.createEndpoint(receiver.url, { eventTypes: ['order.bytes'] });
    const data = '{"length":14400.0,"big":12345678901234567890,"path":"a\\/b","10":1,"2":2, "é":"\\u00e9"}';
    const [id] = await site.publish(`{"type":"order.bytes","timestamp":"2026-02-17T13:59:55Z","data":${data}}`);
    const request = await receiver.waitFor((each) => each.headers['webhook-id'] === id);
    expect(request.body.toString()).toBe(
      `{"id":"${id}","type":"order.bytes","timestamp":"2026-02-17T13:59:55Z","data":${data}}`,
    );
  });

  it('tries again at the right gaps when the receiver fails twice, with the same id and bytes, and records all three', async () => {
    receiver.respond([{ status: 503, body: 'not now' }, { status: 500 }, { status: 200, body: 'thanks' }]);
    await site.createEndpoint(receiver.url, { eventTypes: ['order.retried'] });
    const [id] = await site.publish({ type: 'order.retried', data: { n: 1 } });
    const delivery = await site.settled(id!, 'succeeded');

    expect(receiver.requests).toHaveLength(3);
    const [first, second, third] = receiver.requests;
    expect(new Set(receiver.requests.map((request) => request.headers['webhook-id']))).toEqual(new Set([id]));
    expect(new Set(receiver.requests.map((request) => request.body.toString())).size).toBe(1);
    // The schedule is 5 s and 5 min, with up to a tenth more; here a second is 20 ms.
    expect(second!.arrivedAt - first!.arrivedAt).toBeGreaterThanOrEqual(5_000 * 0.02);
    expect(third!.arrivedAt - second!.arrivedAt).toBeGreaterThanOrEqual(300_000 * 0.02);
    expect(third!.arrivedAt - second!.arrivedAt).toBeLessThan(300_000 * 0.02 * 1.1 + 2_000);

    expect(delivery.attemptCount).toBe(3);
    expect(
      delivery.attempts.map((attempt) => [
        attempt.number,
        attempt.outcome,
        attempt.response?.status,
        attempt.response?.body,
      ]),
    ).toEqual([
      [1, 'http_503', 503, 'not now'],
      [2, 'http_500', 500, ''],
      [3, 'success', 200, 'thanks'],
    ]);
    delivery.attempts.forEach((attempt, index) => {
      const request = receiver.requests[index]!;
      expect(attempt.request.body).toBe(request.body.toString());
      expect(attempt.request.headers['webhook-signature']).toBe(request.headers['webhook-signature']);
      expect(attempt.requestId).toBe(request.headers['millrace-request-id']);
      expect(attempt.durationMs).toBeGreaterThanOrEqual(0);
      expect(request.headers['traceparent']).toContain(attempt.traceId);
    });
  });

  it('delivers an event once that was published twice under one id', async () => {
    await site.createEndpoint(receiver.url, { eventTypes: ['order.repeated'] });
    await site.publish({ type: 'order.repeated', id: 'order-4711-created', data: 1 });
    await site.settled('order-4711-created', 'succeeded');
    await site.publish([
      { type: 'order.repeated', id: 'order-4711-created', data: 1 },
      { type: 'order.repeated', id: 'order-4712-created', subject: 'order-4711-created', data: 2 },
    ]);
    await site.settled('order-4712-created', 'succeeded');
    expect(receiver.requests.map((request) => request.headers['webhook-id'])).toEqual([
      'order-4711-created',
      'order-4712-created',
    ]);
  });

  it('waits as long as Retry-After says', async () => {
    receiver.respond([{ status: 429, headers: { 'retry-after': '3' } }, 200]);
    await site.createEndpoint(receiver.url, { eventTypes: ['order.throttled'] });
    await site.publish({ type: 'order.throttled', data: null });
    await eventually(() => receiver.requests.length === 2, 'the second request', 20_000);
    expect(receiver.requests[1]!.arrivedAt - receiver.requests[0]!.arrivedAt).toBeGreaterThanOrEqual(3_000);
  });

  it('disables the endpoint that answers 410, parks what is pending, and delivers it when the endpoint is active again', async () => {
    receiver.respond([410, 200]);
    const { id } = await site.createEndpoint(receiver.url, { eventTypes: ['order.gone'] });
    const [refused] = await site.publish({ type: 'order.gone', data: 1 });
    await site.settled(refused!, 'failed');
    await eventually(
      async () => (await site.call<{ status: string }>('GET', `/v1/endpoints/${id}`)).body.status === 'disabled',
      'the endpoint to be disabled',
    );
    const [waiting] = await site.publish({ type: 'order.gone', data: 2 });
    await site.settled(waiting!, 'parked');
    expect((await site.call('PATCH', `/v1/endpoints/${id}`, { status: 'active' })).status).toBe(200);
    await site.settled(waiting!, 'succeeded');
    expect(receiver.requests.map((request) => JSON.parse(request.body.toString()).data)).toEqual([1, 2]);
  });

  it('holds a paused endpoint’s deliveries back, and cancels those of a deleted one', async () => {
    const paused = await site.createEndpoint(`${receiver.url}paused`, { eventTypes: ['order.held'] });
    await site.call('PATCH', `/v1/endpoints/${paused.id}`, { status: 'paused' });
    const [held] = await site.publish({ type: 'order.held', data: 1 });
    await site.settled(held!, 'parked');
    expect(receiver.requests).toHaveLength(0);
    expect((await site.call('DELETE', `/v1/endpoints/${paused.id}`)).status).toBe(204);
    const cancelled = await site.settled(held!, 'cancelled');
    expect(cancelled.attempts).toEqual([]);
    expect(receiver.requests).toHaveLength(0);
  });

  it('sends a test event, and signs with both secrets while one is rotated', async () => {
    const { id, secret } = await site.createEndpoint(receiver.url, { eventTypes: ['order.never'] });
    const rotated = await site.call<{ secret: string }>('POST', `/v1/endpoints/${id}/rotate-secret`, {
      overlapSeconds: 3600,
    });
    expect(rotated.status).toBe(200);
    const test = await site.call<{ deliveryId: string }>('POST', `/v1/endpoints/${id}/test`, {});
    expect(test.status).toBe(202);
    const request = await receiver.waitFor(() => true);
    for (const key of [secret, rotated.body.secret])
      expect(() => verifyWebhook({ body: request.body, headers: request.headers, secret: key })).not.toThrow();
    await eventually(
      async () =>
        (await site.call<{ status: string }>('GET', `/v1/deliveries/${test.body.deliveryId}`)).body.status ===
        'succeeded',
      'the test delivery to be in the history',
    );
  });

  it('takes CloudEvents in all three forms, and from a domain module’s topic', async () => {
    await site.createEndpoint(receiver.url, { eventTypes: ['order.forms'] });
    const event = {
      specversion: '1.0',
      id: 'form-structured',
      source: '/order',
      type: 'order.forms',
      data: { form: 'structured' },
    };
    const structured = await site.call('POST', '/v1/events', event, { 'content-type': 'application/cloudevents+json' });
    const batch = await site.call('POST', '/v1/events', [{ ...event, id: 'form-batch', data: { form: 'batch' } }], {
      'content-type': 'application/cloudevents-batch+json',
    });
    const binary = await site.call(
      'POST',
      '/v1/events',
      { form: 'binary' },
      {
        'ce-specversion': '1.0',
        'ce-id': 'form-binary',
        'ce-source': '/order',
        'ce-type': 'order.forms',
      },
    );
    expect([structured.status, batch.status, binary.status]).toEqual([202, 202, 202]);
    await site.produce([
      {
        topic: site.topics.events('order'),
        key: 'o-1',
        value: Buffer.from(JSON.stringify({ ...event, id: 'topic-structured' })),
        headers: { 'content-type': 'application/cloudevents+json' },
      },
      {
        topic: site.topics.events('order'),
        key: 'o-1',
        value: Buffer.from('{"form":"topic"}'),
        headers: { ce_specversion: '1.0', ce_id: 'topic-binary', ce_source: '/order', ce_type: 'order.forms' },
      },
    ]);
    await eventually(() => receiver.requests.length === 5, 'five webhooks');
    expect(receiver.requests.map((request) => request.headers['webhook-id']).sort()).toEqual([
      'form-batch',
      'form-binary',
      'form-structured',
      'topic-binary',
      'topic-structured',
    ]);
  });
});
