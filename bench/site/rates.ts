import type { ReceiverProcess } from '../receiving/receiver-process';
import { latencyOf } from '../report/quantiles';
import type { Site } from './site';

const FIRST_STEP = 500;
const STEP = 1.25;
const STEP_S = 6;
/** A rate is sustained when most deliveries of a step arrive within this. */
const KEEPS_UP_MS = 250;
const MOST = 0.9;

/**
 * The highest number of events a second, in steps, that are delivered as they come: they are sent at their own pace, whatever becomes
 * of those before, and the sender's CPU is part of the load. More can be delivered when they wait in a queue, since larger
 * batches cost less.
 */
export const sustainedRate = async (
  site: Site,
  receiver: ReceiverProcess,
  typeOf: (n: number) => string,
  say: (text: string) => void,
): Promise<number> => {
  let sustained = 0;
  // The first step is for warming up, and is taken again.
  for (let rate = FIRST_STEP, warm = false; ; ) {
    const series = `step${warm ? '' : 'warm'}${rate}`;
    const { sent } = await site.publisher.steadily(rate, STEP_S, (n) => ({ series, type: typeOf(n) }));
    await allArrived(receiver, series, sent);
    const late = latencyOf(await receiver.report(series), MOST).most;
    if (warm && late > KEEPS_UP_MS) {
      say(`${rate}/s: ${MOST * 100} % within ${late.toFixed(0)} ms; sustained: ${sustained}/s`);
      if (sustained === 0) throw new Error(`not even ${rate} events a second are sustained on this machine now`);
      return sustained;
    }
    if (warm) {
      sustained = rate;
      rate = Math.round(rate * STEP);
    }
    warm = true;
  }
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
