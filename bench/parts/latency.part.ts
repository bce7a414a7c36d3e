import { ReceiverProcess } from '../receiving/receiver-process';
import { atMost, type Part, row } from '../report/part';
import { latencyOf, latencyText } from '../report/quantiles';
import { size } from '../report/sizes';
import { costsFromHere, costsText } from '../site/costs';
import type { EventPlan } from '../site/publisher';
import { allArrived, sustainedRate } from '../site/rates';
import { Site } from '../site/site';

const ENDPOINTS = 100;
const SHARE = 0.5;
const WARM_S = 5;

/** From the send of an event to its arrival at the receiver, at half of the sustained rate; with the history running. */
export const latency: Part = {
  name: 'latency',
  measures: 'from the send of an event to its receipt, open loop at half of the sustained rate',
  takes: '2 min',
  run: async ({ environment, say }) => {
    const seconds = size('BENCH_SECONDS', 30);
    const receiver = await ReceiverProcess.start();
    const site = await Site.start(environment);
    try {
      const origins = await receiver.origins(ENDPOINTS);
      const projector = await site.service('audit-projector');
      const delivery = await site.service('delivery');
      await site.createEndpoints(ENDPOINTS, (n) => ({ url: `${origins[n]}/`, eventTypes: [`machine.bench_${n}`] }));
      const typeOf = (n: number): string => `machine.bench_${n % ENDPOINTS}`;
      const sustained = await sustainedRate(site, receiver, typeOf, say);
      await site.calm();
      const steadily = async (series: string, rate: number, forSeconds: number) => {
        const costs = costsFromHere(environment, { delivery, projector, receiver });
        const sent = await site.publisher.steadily(rate, forSeconds, (n): EventPlan => ({ series, type: typeOf(n) }));
        await allArrived(receiver, series, sent.sent);
        return { ...sent, ...latencyOf(await receiver.report(series)), costs: costsText(costs(sent.sent)) };
      };
      const few = await steadily('few', 50, 10);
      await steadily('warm', sustained * SHARE, WARM_S);
      const half = await steadily('half', sustained * SHARE, seconds);
      for (const complaint of site.complaints()) say(complaint);
      return {
        rows: [
          row('sustained rate, events/s', sustained.toFixed(0)),
          row('send to receipt at 50 events/s', latencyText(few)),
          row(`send to receipt at ${(sustained * SHARE).toFixed(0)} events/s`, latencyText(half)),
          row('… p50', `${half.p50.toFixed(1)} ms`, atMost(half.p50, 5, ' ms')),
          row('… p99', `${half.p99.toFixed(1)} ms`, atMost(half.p99, 25, ' ms')),
          row('CPU for each event at 50 events/s', few.costs),
          row('… at half of the sustained rate', half.costs),
          row('latest turn of the sender behind its schedule', `${half.latestMs.toFixed(1)} ms`),
        ],
        notes: [
          `${ENDPOINTS} endpoints, ${seconds} s; the send of the event includes the way to Kafka and its acknowledgement.`,
        ],
      };
    } finally {
      await site.close();
      receiver.close();
    }
  },
};
