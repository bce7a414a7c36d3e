import { decodePayload, type EdgeLayout, EdgeSession, SparkplugEdge } from '@millrace/sparkplug';
import { eventually, MosquittoBroker } from '@millrace/test-environment';
import { definitionsOf, readMetric } from '../../../apps/machine-ingest/src/signal-intake/sparkplug/metric-reading';
import { connectSource, storedSignals } from '../ingest-site';
import { EACH, mappingOf, NUMBERS, valuesOf, type Wire } from './wire';

const MACHINE = 'sparkplug-1';
const DEVICE = 'Device';
const AT_A_TIME = 200;

const LAYOUT: EdgeLayout = {
  group: 'Plant',
  node: 'Edge',
  metrics: [],
  aliases: true,
  devices: {
    [DEVICE]: [
      { name: 'state', type: 'String', value: 'RUN' },
      { name: 'count', type: 'Double', value: 0 },
      ...NUMBERS.map((name) => ({ name, type: 'Double' as const, value: 0 })),
    ],
  },
};

/** DDATA of ten metrics by alias, over a broker. */
export const sparkplug: Wire = {
  name: 'Sparkplug',
  machine: MACHINE,
  mapping: mappingOf(MACHINE, 'sparkplug', { state: 'state', count: 'count' }),
  open: async (site) => {
    const broker = await MosquittoBroker.start();
    const edge = new SparkplugEdge({ ...LAYOUT, url: broker.url });
    await connectSource(site, 'sparkplug', 'sparkplug', {
      url: broker.url,
      machines: [{ machine: MACHINE, group: LAYOUT.group, node: LAYOUT.node, device: DEVICE }],
    });
    const before = await storedSignals(site);
    await edge.start();
    await eventually(async () => (await storedSignals(site)) >= before + EACH, 'the birth', 30_000);
    return {
      send: async (signals) => {
        const messages = Math.ceil(signals / EACH);
        for (let n = 0; n < messages; n += AT_A_TIME)
          await Promise.all(
            Array.from({ length: Math.min(AT_A_TIME, messages - n) }, (_, index) =>
              edge.say(DEVICE, Object.fromEntries(valuesOf(n + index))),
            ),
          );
        return messages * EACH;
      },
      decode: (signals) => {
        const session = new EdgeSession(LAYOUT, 0);
        const births = session.births(Date.now()).map(({ payload }) => decodePayload(payload));
        const definitions = definitionsOf(
          births.flatMap((read) => (read.kind === 'payload' ? read.payload.metrics : [])),
        );
        const { payload } = session.data(DEVICE, Object.fromEntries(valuesOf(7)), Date.now());
        let read = 0;
        while (read < signals) {
          const message = decodePayload(payload);
          if (message.kind !== 'payload') throw new Error(message.detail);
          for (const metric of message.payload.metrics)
            if (readMetric(metric, definitions, message.payload.timestamp).kind === 'signal') read++;
        }
        return read;
      },
      close: async () => {
        edge.kill();
        await broker.remove();
      },
    };
  },
};
