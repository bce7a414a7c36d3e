import { eventually, ScriptedReceiver } from '@millrace/test-environment';
import { Constellation } from './constellation';

/** The short form runs in `npm test`; `STORY_STORM_SECONDS=180` is the long one. */
const SECONDS = Number(process.env['STORY_STORM_SECONDS'] ?? 20);
const IN_FLIGHT = 64;

jest.setTimeout(240_000 + SECONDS * 2_000);

describe('delivery processes that come and go', () => {
  it('lose nothing, repeat no more than was in flight, and leave no partition stuck', async () => {
    const receiver = await ScriptedReceiver.start();
    receiver.respond(() => (Math.random() < 0.05 ? 503 : { status: 200, delayMs: 5 }));
    const site = await Constellation.start({
      timeScale: 0.001,
      variables: { MILLRACE_MAX_IN_FLIGHT: String(IN_FLIGHT) },
    });
    try {
      for (let n = 0; n < 10; n++)
        await site.createEndpoint(`${receiver.url}${n}`, { eventTypes: [`order.type_${n}`] });
      const ids: string[] = [];
      let storm = true;
      const publishing = (async () => {
        for (let n = 0; storm; n++) {
          ids.push(
            ...(await site.publish(
              Array.from({ length: 20 }, (_each, index) => ({ type: `order.type_${index % 10}`, data: { n } })),
            )),
          );
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      })();
      let joined = 0;
      let killed = 0;
      for (const until = Date.now() + SECONDS * 1_000; Date.now() < until || joined < 3; ) {
        const guest = await site.add('delivery');
        joined++;
        await new Promise((resolve) => setTimeout(resolve, 500));
        if (joined % 3 === 0) {
          await guest.kill('SIGKILL');
          killed++;
        } else await guest.stop();
      }
      storm = false;
      await publishing;
      const open = async () => (await site.deliveries()).filter(({ status }) => status !== 'succeeded');
      await eventually(
        async () => (await open()).length === 0 && (await site.deliveries()).length === ids.length,
        `all of ${ids.length} deliveries to be succeeded`,
        90_000,
      ).catch(async (error) => {
        const left = await open();
        const details = await Promise.all(left.slice(0, 5).map(({ id }) => site.delivery(id)));
        throw new Error(`${error.message}; ${left.length} are open, ${JSON.stringify(details)}`);
      });
      const succeeded = new Map<string, number>();
      for (const request of receiver.requests) {
        const id = String(request.headers['webhook-id']);
        succeeded.set(id, (succeeded.get(id) ?? 0) + 1);
      }
      expect(ids.filter((id) => !succeeded.has(id))).toEqual([]);
      const attempts = (await site.deliveries()).reduce((sum, delivery) => sum + delivery.attemptCount, 0);
      const repeats = receiver.requests.length - attempts;
      process.stdout.write(
        `${joined} processes joined, ${killed} of them killed; ${ids.length} events, ${repeats} requests repeated\n`,
      );
      // A partition that moves with a request under way has it sent again by its next owner: at most what was in flight.
      expect(repeats).toBeLessThanOrEqual((joined + killed) * IN_FLIGHT);
    } finally {
      await site.close();
      await receiver.close();
    }
  });
});
