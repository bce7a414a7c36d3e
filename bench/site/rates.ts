import type { ReceiverProcess } from '../receiving/receiver-process';
import type { EventPlan } from './publisher';
import type { Site } from './site';

/** Of the rate at which nothing is left over, what a site is taken to sustain in open loop without a growing queue. */
export const SUSTAINED_SHARE = 0.85;
/** Events on their way while the highest rate is looked for: enough to keep every stage busy. */
const ON_THE_WAY = 2_000;
const WARM_MS = 8_000;
const MEASURED_MS = 12_000;

/**
 * Deliveries a second when there is always more to do, the sender of the events on the same machine included. Its events are
 * the series `full`; all have arrived when it answers.
 */
export const highestRate = async (
  site: Site,
  receiver: ReceiverProcess,
  typeOf: (n: number) => string,
): Promise<number> => {
  const began = performance.now();
  let from: { at: number; arrived: number } | null = null;
  let to = { at: began, arrived: 0 };
  const plan = (n: number): EventPlan => ({ series: 'full', type: typeOf(n) });
  const arrived = async (): Promise<number> => (await receiver.count('full')).distinct;
  const sent = await site.publisher.keepingOnTheWay(ON_THE_WAY, plan, arrived, (count) => {
    to = { at: performance.now(), arrived: count };
    if (from === null && to.at - began > WARM_MS) from = to;
    return from !== null && to.at - from.at > MEASURED_MS;
  });
  await allArrived(receiver, 'full', sent);
  const first = from ?? to;
  return ((to.arrived - first.arrived) * 1_000) / (to.at - first.at);
};

/** Waits until so many different events of a series have arrived; fails with how many did when none has come for `patienceMs`. */
export const allArrived = async (
  receiver: ReceiverProcess,
  series: string,
  count: number,
  patienceMs = 60_000,
): Promise<void> => {
  let seen = 0;
  let seenAt = performance.now();
  for (;;) {
    const { distinct } = await receiver.count(series);
    if (distinct >= count) return;
    if (distinct > seen) {
      seen = distinct;
      seenAt = performance.now();
    } else if (performance.now() - seenAt > patienceMs)
      throw new Error(
        `${distinct} of ${count} events of the series ${series} arrived, then none for ${patienceMs / 1_000} s`,
      );
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
