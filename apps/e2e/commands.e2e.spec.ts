import type { DeliveryView } from '@millrace/protocol';
import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';

jest.setTimeout(180_000);

const everySecond = { delaysSeconds: [1, 86_400] };

describe('what an operator asks of a delivery is done once, and told', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;

  beforeAll(async () => {
    site = await Constellation.start({ timeScale: 0.1 });
  });
  afterAll(() => site.close());
  beforeEach(async () => {
    receiver = await ScriptedReceiver.start();
  });

  /** Publishes one event to a receiver of its own and waits until its delivery has the status. */
  const deliveryThatIs = async (status: DeliveryView['status'], endpoint: Record<string, unknown>): Promise<string> => {
    const { id } = await site.createEndpoint(receiver.url, { eventTypes: ['order.created'], ...endpoint });
    const [eventId] = await site.publish({ type: 'order.created', data: {} });
    const found = await eventually(
      async () => (await site.deliveries({ eventId: eventId!, endpointId: id })).find((each) => each.status === status),
      `the delivery to be ${status}`,
      30_000,
    );
    return found!.id;
  };
  const becomes = (id: string, status: DeliveryView['status']) =>
    eventually(async () => (await site.delivery(id)).status === status, `${id} to become ${status}`, 30_000);
  const remove = async (): Promise<void> => {
    const { body } = await site.call<{ data: { id: string }[] }>('GET', '/v1/endpoints?limit=100');
    for (const { id } of body.data) await site.call('DELETE', `/v1/endpoints/${id}`);
  };
  afterEach(async () => {
    await remove();
    await receiver.close();
  });

  it('fifty retries at once make one chain', async () => {
    receiver.respond([500, 200]);
    const id = await deliveryThatIs('failed', { retry: { delaysSeconds: [] } });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => site.call('POST', `/v1/deliveries/${id}/retry`, {})),
    );
    // One that comes when the first has been carried out is refused at once.
    const taken = answers.filter(({ status }) => status === 202).length;
    expect(answers.filter(({ status }) => status !== 202 && status !== 409)).toEqual([]);
    expect(taken).toBeGreaterThan(1);
    await becomes(id, 'succeeded');
    const { commands } = (await eventually(
      async () => {
        const detail = (await site.delivery(id)) as unknown as { commands: { result: string }[] };
        return detail.commands.length === taken ? detail : undefined;
      },
      'every command to be told',
      30_000,
    ))!;
    expect(commands.filter(({ result }) => result === 'done')).toHaveLength(1);
    expect(receiver.requests).toHaveLength(2);
    expect(receiver.requests[0]!.headers['webhook-id']).toBe(receiver.requests[1]!.headers['webhook-id']);
    expect(receiver.requests[0]!.body).toEqual(receiver.requests[1]!.body);
  });

  it('a retry of one that waits in a tier goes out at once, and what waited is dropped', async () => {
    receiver.respond([500, 200]);
    const id = await deliveryThatIs('retrying', { retry: { delaysSeconds: [30] } });
    await site.call('POST', `/v1/deliveries/${id}/retry`, {});
    await becomes(id, 'succeeded');
    await eventually(
      async () => (await site.metric('delivery', 'webhook_repeats_dropped_total')) > 0,
      'what waited to come and be dropped',
      30_000,
    );
    expect(receiver.requests).toHaveLength(2);
  });

  it('a cancelled one is never sent again, and the next of its key goes on when its head is skipped', async () => {
    receiver.respond(500);
    const id = await deliveryThatIs('retrying', { retry: everySecond, ordering: 'strict' });
    await eventually(() => receiver.requests.length === 2, 'the second attempt', 20_000);
    const [next] = await site.publish({ type: 'order.created', data: { next: true } });
    const behind = await eventually(
      async () => (await site.deliveries({ eventId: next! })).find(({ status }) => status === 'parked'),
      'the next one to wait',
      20_000,
    );
    expect(await site.delivery(behind!.id)).toMatchObject({ statusReason: 'behind_key', behind: id });
    const held = await site.call<{ data: unknown[] }>('GET', `/v1/endpoints/${behind!.endpointId}/held-keys`);
    expect(held.body.data).toMatchObject([{ headDeliveryId: id, heldCount: 1 }]);
    receiver.respond(200);
    const answer = await site.call('POST', `/v1/deliveries/${id}/skip`, {});
    expect(answer.status).toBe(202);
    await becomes(id, 'cancelled');
    await becomes(behind!.id, 'succeeded');
    expect(receiver.requests).toHaveLength(3);
  });

  it.each([
    ['retry', 'succeeded', 'delivery_succeeded', {}],
    ['cancel', 'succeeded', 'delivery_succeeded', {}],
    ['skip', 'retrying', 'nothing_waits_behind', { retry: { delaysSeconds: [300] } }],
    ['cancel', 'failed', 'delivery_ended', { retry: { delaysSeconds: [] } }],
  ] as const)('refuses to %s one that is %s', async (command, status, code, endpoint) => {
    receiver.respond(status === 'succeeded' ? 200 : 500);
    const id = await deliveryThatIs(status, endpoint);
    const refused = await site.call<{ code: string }>('POST', `/v1/deliveries/${id}/${command}`, {});
    expect([refused.status, refused.body.code]).toEqual([409, code]);
  });

  it('a paused endpoint: what is parked can be cancelled, all at once by filter', async () => {
    const { id } = await site.createEndpoint(receiver.url, { eventTypes: ['ticket.created'] });
    await site.call('PATCH', `/v1/endpoints/${id}`, { status: 'paused' });
    await site.publish(Array.from({ length: 30 }, (_each, n) => ({ type: 'ticket.created', data: { n } })));
    const all = () => site.deliveries({ endpointId: id });
    await eventually(
      async () => (await all()).filter(({ status }) => status === 'parked').length === 30,
      'all to be parked',
      30_000,
    );
    const dry = await site.call<{ matched: number; sent: number }>('POST', '/v1/deliveries/cancel', {
      filter: { endpointId: id, status: 'parked' },
      dryRun: true,
    });
    expect([dry.status, dry.body.matched, dry.body.sent]).toEqual([202, 30, 0]);
    await site.call('POST', '/v1/deliveries/cancel', { filter: { endpointId: id, status: 'parked' }, limit: 20 });
    await eventually(
      async () => (await all()).filter(({ status }) => status === 'cancelled').length === 20,
      'twenty to be cancelled',
      30_000,
    );
    await site.call('PATCH', `/v1/endpoints/${id}`, { status: 'active' });
    await eventually(
      async () => (await all()).filter(({ status }) => status === 'succeeded').length === 10,
      'the rest to arrive',
      30_000,
    );
    expect(receiver.requests).toHaveLength(10);
  });
});
