import { eventually } from '@millrace/test-environment';
import { ReceiverProcess } from '../receiving/receiver-process';
import { atMost, type Part, row } from '../report/part';
import { size } from '../report/sizes';
import { COLLECTABLE, collectedBytes } from '../site/collected-memory';
import { BODY_BYTES } from '../site/publisher';
import { allArrived } from '../site/rates';
import { Site } from '../site/site';

/** What a lane that nothing is known of may have in flight. */
const EACH = 4;
const WARM_ROUNDS = 4;

/** Memory of deliveries that are in flight and hang. */
export const memory: Part = {
  name: 'memory',
  measures: 'memory of the delivery process for each delivery in flight, 5,000 hanging',
  takes: '2 min',
  run: async ({ environment, say }) => {
    const wanted = size('BENCH_HANGING', 5_000);
    const endpoints = Math.ceil(wanted / EACH);
    const inFlight = endpoints * EACH;
    const receiver = await ReceiverProcess.start();
    const site = await Site.start(environment, {
      MILLRACE_MAX_IN_FLIGHT: '10000',
      MILLRACE_TENANT_CONCURRENCY: '10000',
      MILLRACE_MAX_IN_FLIGHT_BYTES: String(1024 ** 3),
    });
    try {
      const origins = await receiver.origins(Math.min(100, endpoints));
      const delivery = await site.service('delivery', COLLECTABLE);
      await site.createEndpoints(endpoints, (n) => ({
        url: `${origins[n % origins.length]}/memory/${n}`,
        eventTypes: [`machine.bench_${n}`],
        timeoutMs: 30_000,
      }));
      const publish = (series: string): Promise<void> =>
        site.publisher.backlog(0, inFlight, (n) => ({ series, type: `machine.bench_${n % endpoints}` }));
      for (let round = 0; round < WARM_ROUNDS; round++) {
        await publish(`warm${round}`);
        await allArrived(receiver, `warm${round}`, inFlight);
      }
      await site.calm();
      const before = await collectedBytes(delivery);
      await receiver.behave('memory', 'hang');
      await publish('hanging');
      const hanging = await eventually(
        async () => {
          const now = await receiver.hanging();
          if (now < wanted) throw new Error(`${now} hang`);
          return now;
        },
        `${wanted} deliveries to hang`,
        25_000,
      );
      const after = await collectedBytes(delivery);
      const stillHanging = await receiver.hanging();
      if (stillHanging < hanging) throw new Error(`only ${stillHanging} of ${hanging} still hung when memory was read`);
      const each = (after - before) / hanging / 1_024;
      for (const complaint of site.complaints()) say(complaint);
      return {
        rows: [
          row('deliveries in flight, hanging', String(hanging)),
          row('resident before', mebibytes(before)),
          row('resident with them', mebibytes(after)),
          row('for each', `${each.toFixed(1)} KiB`, atMost(each, 22, ' KiB')),
        ],
        notes: [
          `${endpoints} endpoints, bodies of ${BODY_BYTES} bytes; before: after ${WARM_ROUNDS} times as many deliveries that were answered; both after a garbage collection.`,
        ],
      };
    } finally {
      await site.close();
      receiver.close();
    }
  },
};

const mebibytes = (bytes: number): string => `${(bytes / 1_024 ** 2).toFixed(0)} MiB`;
