import { type ReceivedRequest, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';

/** The short form runs in `npm test`; `STORY_KEYS=200 STORY_PER_KEY=50 STORY_KILLS=10` is the long one. */
const KEYS = Number(process.env['STORY_KEYS'] ?? 200);
const PER_KEY = Number(process.env['STORY_PER_KEY'] ?? 5);
const KILLS = Number(process.env['STORY_KILLS'] ?? 2);

jest.setTimeout(240_000 + KILLS * 30_000);

interface Told {
  readonly key: string;
  readonly n: number;
}

const told = (request: ReceivedRequest): Told => (JSON.parse(request.body.toString()) as { data: Told }).data;

describe('ordering: "key"', () => {
  let site: Constellation;
  let receiver: ScriptedReceiver;
  /** In the order of their first success, by key. */
  let arrived: Map<string, number[]>;
  let count: number;

  beforeEach(async () => {
    arrived = new Map();
    count = 0;
    receiver = await ScriptedReceiver.start(200);
    receiver.respond((request) => {
      if (Math.random() < 0.2) return [500, 503, 'reset'][Math.floor(Math.random() * 3)] as 500 | 'reset';
      const { key, n } = told(request);
      const order = arrived.get(key) ?? [];
      if (!order.includes(n)) {
        order.push(n);
        count++;
      }
      arrived.set(key, order);
      return 200;
    });
    site = await Constellation.start({ timeScale: 0.001 });
  });
  afterEach(async () => {
    await site.close();
    await receiver.close();
  });

  it('keeps each key in order under failures, kill -9, and processes that come and go', async () => {
    await site.createEndpoint(receiver.url, { ordering: 'key', retry: { delaysSeconds: Array(20).fill(5) } });
    const total = KEYS * PER_KEY;
    const publishing = (async () => {
      for (let n = 1; n <= PER_KEY; n++)
        for (let from = 0; from < KEYS; from += 100)
          await site.publish(
            Array.from({ length: Math.min(100, KEYS - from) }, (_each, index) => {
              const key = `machine-${from + index}`;
              return { type: 'machine.status_changed', subject: key, data: { key, n } };
            }),
          );
    })();
    const delivery = site.service('delivery');
    for (let kill = 1; kill <= KILLS; kill++) {
      const share = (kill - Math.random()) / (KILLS + 1);
      await receiver.waitForCount(total * share, 60_000);
      const guest = await site.add('delivery');
      await delivery.kill('SIGKILL');
      await delivery.startAgain();
      await guest.stop();
    }
    await publishing;
    for (const until = Date.now() + 120_000; count < total && Date.now() < until; )
      await new Promise((resolve) => setTimeout(resolve, 100));
    const expected = Array.from({ length: PER_KEY }, (_each, index) => index + 1);
    expect([...arrived.values()].filter((order) => order.join() !== expected.join())).toEqual([]);
    expect(arrived.size).toBe(KEYS);
  });
});
