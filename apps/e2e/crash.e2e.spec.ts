import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';

/** The short form runs in `npm test`; `STORY_EVENTS=2000 STORY_KILLS=10` is the long one. */
const EVENTS = Number(process.env['STORY_EVENTS'] ?? 600);
const KILLS = Number(process.env['STORY_KILLS'] ?? 2);
const IN_FLIGHT = 64;

jest.setTimeout(240_000 + KILLS * 30_000);

/** What receiver and history agree on, once everything has arrived. */
const account = async (site: Constellation, receiver: ScriptedReceiver, ids: readonly string[]) => {
  await eventually(
    async () => (await site.deliveries({ status: 'succeeded' })).length === ids.length,
    `${ids.length} deliveries to be succeeded`,
    120_000,
  );
  const requests = new Map<string, number>();
  for (const request of receiver.requests) {
    const id = String(request.headers['webhook-id']);
    requests.set(id, (requests.get(id) ?? 0) + 1);
  }
  const recorded = new Set<string>();
  for (const { id } of await site.deliveries())
    for (const attempt of (await site.delivery(id)).attempts) recorded.add(attempt.requestId);
  return {
    missing: ids.filter((id) => !requests.has(id)),
    unrecorded: receiver.requests.filter((request) => !recorded.has(String(request.headers['millrace-request-id'])))
      .length,
    repeats: receiver.requests.length - requests.size,
  };
};

const publish = async (site: Constellation, receiver: ScriptedReceiver): Promise<string[]> => {
  await site.createEndpoint(receiver.url);
  const ids: string[] = [];
  for (let at = 0; at < EVENTS; at += 100)
    ids.push(
      ...(await site.publish(
        Array.from({ length: 100 }, (_each, n) => ({ type: 'order.created', data: { n: at + n } })),
      )),
    );
  return ids;
};

describe('whatever dies, every event arrives, and the history covers every request', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;

  beforeEach(async () => {
    receiver = await ScriptedReceiver.start({ status: 200, delayMs: 5 });
    site = await Constellation.start({ timeScale: 0.001, variables: { MILLRACE_MAX_IN_FLIGHT: String(IN_FLIGHT) } });
  });
  afterEach(async () => {
    await site.close();
    await receiver.close();
  });

  it('the delivery process, killed in the middle again and again', async () => {
    const ids = await publish(site, receiver);
    const delivery = site.service('delivery');
    for (let kill = 1; kill <= KILLS; kill++) {
      const share = (kill - Math.random()) / (KILLS + 1);
      await eventually(() => receiver.requests.length >= EVENTS * share, `${share} of the events to arrive`, 60_000);
      await delivery.kill('SIGKILL');
      await delivery.startAgain();
    }
    const found = await account(site, receiver, ids);
    process.stdout.write(
      `${EVENTS} events, ${KILLS} kills: ${found.repeats} requests repeated, at most ${KILLS * IN_FLIGHT} allowed\n`,
    );
    expect(found).toMatchObject({ missing: [], unrecorded: 0 });
    expect(found.repeats).toBeLessThanOrEqual(KILLS * IN_FLIGHT);
  });

  it('fan-out and the retry mover, apart from the dispatcher that goes on', async () => {
    await site.service('delivery').stop();
    await site.add('delivery', { MILLRACE_DELIVERY_ROLES: 'dispatch' });
    const dispatcher = site.service('delivery');
    const mover = await site.add('delivery', { MILLRACE_DELIVERY_ROLES: 'fan-out,retry' });
    let failed = 0;
    receiver.respond(() => (failed++ % 5 === 0 ? 503 : 200));
    const ids = await publish(site, receiver);
    for (let kill = 1; kill <= KILLS; kill++) {
      await eventually(() => receiver.requests.length >= (EVENTS * kill) / (KILLS + 2), 'events to flow', 60_000);
      await mover.kill('SIGKILL');
      await mover.startAgain();
    }
    const found = await account(site, receiver, ids);
    await dispatcher.stop();
    expect(found).toMatchObject({ missing: [], unrecorded: 0 });
    // Every request of a delivery is an attempt of its schedule: what fan-out and mover repeated was dropped by the owner.
    const perEvent = new Map<string, number>();
    for (const request of receiver.requests) {
      const id = String(request.headers['webhook-id']);
      perEvent.set(id, (perEvent.get(id) ?? 0) + 1);
    }
    const attempts = new Map((await site.deliveries()).map((delivery) => [delivery.eventId, delivery.attemptCount]));
    for (const [id, requests] of perEvent) expect([id, requests]).toEqual([id, attempts.get(id)]);
  });

  it('the projector and the two services with an API, killed while events flow', async () => {
    const publishing = publish(site, receiver);
    await eventually(() => receiver.requests.length > 20, 'the first events to arrive', 60_000);
    const projector = site.service('audit-projector');
    await projector.kill('SIGKILL');
    await projector.startAgain();
    const ids = await publishing;
    await site.service('subscription').kill('SIGKILL');
    await site.service('subscription').startAgain();
    await projector.waitReady();
    const found = await account(site, receiver, ids);
    expect(found).toEqual({ missing: [], unrecorded: 0, repeats: 0 });
  });
});

describe('Kafka and PostgreSQL themselves', () => {
  it('the broker killed and the database stopped at once, under load: nothing acknowledged is lost', async () => {
    const receiver = await ScriptedReceiver.start({ status: 200, delayMs: 5 });
    const site = await Constellation.start({
      isolated: true,
      variables: { MILLRACE_MAX_IN_FLIGHT: String(IN_FLIGHT) },
    });
    try {
      await site.createEndpoint(receiver.url);
      const acknowledged: string[] = [];
      let refused = 0;
      let publishing = true;
      const publisher = (async () => {
        while (publishing) {
          const answer = await site.call<{ events: { id: string }[]; code?: string }>('POST', '/v1/events', [
            { type: 'order.created', data: 1 },
            { type: 'order.created', data: 2 },
          ]);
          if (answer.status === 202) acknowledged.push(...answer.body.events.map((event) => event.id));
          else {
            expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
            expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
            refused++;
          }
        }
      })();
      await eventually(() => receiver.requests.length > 50, 'events to flow', 60_000);
      await site.environment.stopBroker('kill');
      await eventually(() => refused > 0, 'the API to refuse while Kafka is down', 60_000);
      await site.environment.startBroker();
      const before = acknowledged.length;
      await eventually(() => acknowledged.length > before + 20, 'the API to accept again', 60_000);
      await site.environment.restartDatabase('immediate');
      const after = receiver.requests.length;
      await eventually(() => receiver.requests.length > after + 20, 'deliveries to go on', 60_000);
      publishing = false;
      await publisher;
      await eventually(
        () => {
          const arrived = new Set(receiver.requests.map((request) => request.headers['webhook-id']));
          return acknowledged.every((id) => arrived.has(id));
        },
        'every acknowledged event to arrive',
        120_000,
      );
      await eventually(
        async () =>
          new Set((await site.deliveries({ status: 'succeeded' })).map((each) => each.eventId)).size >=
          acknowledged.length,
        'the history to have them all',
        120_000,
      );
    } finally {
      await site.close();
      await receiver.close();
    }
  });
});
