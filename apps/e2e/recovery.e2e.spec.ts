import type { DeliveryView, RecoveryView } from '@millrace/protocol';
import { verifyWebhook } from '@millrace/sdk';
import { eventually, type ReceivedRequest, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';

jest.setTimeout(120_000);

const idOf = (request: ReceivedRequest): string => request.headers['webhook-id'] as string;
const replayOf = (request: ReceivedRequest): string | undefined => request.headers['millrace-replay'] as string;
const sorted = (texts: readonly string[]): string[] => [...texts].sort();

describe('an endpoint gets again what it missed', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;
  /** Gets everything, so that what has reached it has passed fan-out. */
  let witness: ScriptedReceiver;

  beforeAll(async () => {
    site = await Constellation.start({ timeScale: 0.02 });
    witness = await ScriptedReceiver.start();
    await site.createEndpoint(witness.url);
  });
  afterAll(async () => {
    await site.close();
    await witness.close();
  });
  beforeEach(async () => {
    receiver = await ScriptedReceiver.start();
  });
  afterEach(() => receiver.close());

  const publishMany = async (type: string, count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let at = 0; at < count; at += 100)
      ids.push(
        ...(await site.publish(
          Array.from({ length: Math.min(100, count - at) }, (_each, n) => ({ type, data: { n: at + n } })),
        )),
      );
    return ids;
  };

  /** Events of which an endpoint that is made now gets none by itself. */
  const publishBefore = async (type: string, count: number): Promise<string[]> => {
    const ids = await publishMany(type, count);
    await eventually(() => {
      const seen = new Set(witness.requests.map(idOf));
      return ids.every((id) => seen.has(id));
    }, 'fan-out to have passed the events');
    return ids;
  };

  const recover = async (endpointId: string, body: Record<string, unknown>): Promise<RecoveryView> => {
    const answer = await site.call<RecoveryView>('POST', `/v1/endpoints/${endpointId}/recover`, {
      since: new Date(Date.now() - 3_600_000).toISOString(),
      ...body,
    });
    expect([answer.status, answer.body]).toEqual([202, expect.objectContaining({ error: null })]);
    return answer.body;
  };

  const recovery = async (id: string): Promise<RecoveryView> =>
    (await site.call<RecoveryView>('GET', `/v1/recoveries/${id}`)).body;

  const reaches = (id: string, state: RecoveryView['state']): Promise<RecoveryView> =>
    eventually(
      async () => {
        const view = await recovery(id);
        return view.state === state ? view : null;
      },
      `the recovery to be ${state}`,
      30_000,
    );

  /** The endpoint's deliveries, once so many of them have the status. */
  const ofStatus = (endpointId: string, status: DeliveryView['status'], count: number): Promise<DeliveryView[]> =>
    eventually(
      async () => {
        const found = await site.deliveries({ endpointId, status });
        return found.length === count ? found : null;
      },
      `${count} deliveries to be ${status}`,
      30_000,
    );

  it('events from before it was made, counted first; and nothing twice when it is asked for again', async () => {
    const ids = await publishBefore('order.early', 120);
    const { id, secret } = await site.createEndpoint(receiver.url, { eventTypes: ['order.early'] });
    const dry = await recover(id, { only: 'missing', dryRun: true });
    expect(dry).toMatchObject({ state: 'done', counts: { qualified: 120, sent: 0 } });
    expect(receiver.requests).toHaveLength(0);

    const job = await recover(id, { only: 'missing', perSecond: 1_000 });
    expect(job.counts.qualified).toBe(120);
    await receiver.waitForCount(120);
    expect(sorted(receiver.requests.map(idOf))).toEqual(sorted(ids));
    for (const request of receiver.requests) {
      expect(replayOf(request)).toBe(job.id);
      expect(() => verifyWebhook({ body: request.body, headers: request.headers, secret })).not.toThrow();
    }
    expect((await reaches(job.id, 'done')).counts).toMatchObject({ qualified: 120, sent: 120 });
    await ofStatus(id, 'succeeded', 120);

    const again = await recover(id, { only: 'missing' });
    expect(await reaches(again.id, 'done')).toMatchObject({ counts: { qualified: 0, sent: 0 } });
    expect(receiver.requests).toHaveLength(120);
  });

  it('events from a moment on with startFrom, beside those that come live', async () => {
    const from = new Date(Date.now() - 1).toISOString();
    const before = await publishMany('order.from', 30);
    await site.createEndpoint(receiver.url, { eventTypes: ['order.from'], startFrom: from });
    const after = await publishMany('order.from', 30);
    await eventually(() => new Set(receiver.requests.map(idOf)).size === 60, 'events of both kinds', 20_000);
    expect(sorted(receiver.requests.map(idOf))).toEqual(sorted([...before, ...after]));
  });

  it('deliveries that failed, under their own ids, as a new chain of attempts', async () => {
    receiver.respond(500);
    const { id } = await site.createEndpoint(receiver.url, {
      eventTypes: ['order.failing'],
      retry: { delaysSeconds: [5] },
    });
    const ids = await publishMany('order.failing', 5);
    await ofStatus(id, 'failed', 5);
    receiver.respond(200);
    const first = receiver.requests.length;
    const job = await recover(id, { only: 'failed' });
    expect(job.counts).toMatchObject({ examined: 5, qualified: 5 });
    for (const { id: deliveryId } of await ofStatus(id, 'succeeded', 5)) {
      const { attempts } = await site.delivery(deliveryId);
      expect(attempts.map(({ outcome }) => outcome)).toEqual(['http_500', 'http_500', 'success']);
    }
    const replays = receiver.requests.slice(first);
    expect(sorted(replays.map(idOf))).toEqual(sorted(ids));
    expect(new Set(replays.map(replayOf))).toEqual(new Set([job.id]));
    expect((await recover(id, { only: 'failed' })).counts.qualified).toBe(0);
  });

  it('everything once more, under the ids that its receiver knows, as deliveries of their own', async () => {
    const { id } = await site.createEndpoint(receiver.url, { eventTypes: ['order.again'] });
    const ids = await publishMany('order.again', 20);
    await receiver.waitForCount(20);
    const job = await recover(id, { only: 'all' });
    await receiver.waitForCount(40);
    const replays = receiver.requests.filter((request) => replayOf(request) === job.id);
    expect(sorted(replays.map(idOf))).toEqual(sorted(ids));
    await ofStatus(id, 'succeeded', 40);
  });

  it('at its rate, with a pause, across a kill of the process that sends', async () => {
    const ids = await publishBefore('order.slow', 200);
    const { id } = await site.createEndpoint(receiver.url, { eventTypes: ['order.slow'] });
    const job = await recover(id, { only: 'missing', perSecond: 50 });
    await receiver.waitForCount(40);
    expect((await site.call('POST', `/v1/recoveries/${job.id}/pause`)).status).toBe(202);
    const paused = await reaches(job.id, 'paused');
    expect(paused.counts.sent).toBeLessThan(200);
    await receiver.waitForCount(paused.counts.sent);
    expect((await site.call('POST', `/v1/recoveries/${job.id}/resume`)).status).toBe(202);
    await receiver.waitForCount(100);
    const delivery = site.service('delivery');
    await delivery.kill('SIGKILL');
    await delivery.startAgain();
    await reaches(job.id, 'done');
    await eventually(() => new Set(receiver.requests.map(idOf)).size === 200, 'every event', 30_000);
    expect(sorted([...new Set(receiver.requests.map(idOf))])).toEqual(sorted(ids));
    expect(receiver.requests.length - 200).toBeLessThanOrEqual(50);
  });

  it('until it is cancelled', async () => {
    await publishBefore('order.endless', 200);
    const { id } = await site.createEndpoint(receiver.url, { eventTypes: ['order.endless'] });
    const job = await recover(id, { only: 'all', perSecond: 10 });
    await receiver.waitForCount(5);
    expect((await site.call('POST', `/v1/recoveries/${job.id}/cancel`)).status).toBe(202);
    const { counts } = await reaches(job.id, 'cancelled');
    // It comes after anything that the cancelled job still made.
    const [probe] = await site.publish({ type: 'order.endless', data: 'last' });
    await receiver.waitFor((request) => idOf(request) === probe);
    await ofStatus(id, 'succeeded', counts.sent + 1);
    expect(receiver.requests).toHaveLength(counts.sent + 1);
  });
});
