import { setTimeout as delay } from 'node:timers/promises';
import { SparkplugEdge } from '@millrace/sparkplug';

const TURN_MS = 20;

/** Metrics of every device, beside its state. */
const METRICS = 10;

/** An edge node with devices that say `State` (`RUN`, `HALT`) and numbers. */
export const edgeOf = (url: string, node: string, devices: readonly string[]): SparkplugEdge =>
  new SparkplugEdge({
    url,
    group: 'Plant',
    node,
    metrics: [],
    aliases: true,
    devices: Object.fromEntries(
      devices.map((device) => [
        device,
        [
          { name: 'State', type: 'String' as const, value: 'HALT' },
          ...Array.from({ length: METRICS }, (_, n) => ({ name: `Metric ${n}`, type: 'Double' as const, value: 0 })),
        ],
      ]),
    ),
  });

/** Says numbers that make no event, so many signals a second, until it is stopped. */
export const chatter = (
  edge: SparkplugEdge,
  devices: readonly string[],
  perSecond: number,
): { stop(): Promise<void> } => {
  let running = true;
  const began = performance.now();
  const work = (async () => {
    for (let said = 0; running; await delay(TURN_MS)) {
      const due = ((performance.now() - began) * perSecond) / 1_000;
      for (; said < due; said += METRICS) {
        const number = said / METRICS;
        const values = Object.fromEntries(Array.from({ length: METRICS }, (_, n) => [`Metric ${n}`, number + n]));
        await edge.say(devices[number % devices.length]!, values);
      }
    }
  })();
  return {
    stop: async () => {
      running = false;
      await work;
    },
  };
};
