import { datatypeName, decodePayload, parseTopic } from '@millrace/sparkplug';
import { clientIdOf, sessionAlone } from '../mqtt/client-id';
import { CONNECTION_SECRETS } from '../mqtt/connection-settings';
import type { MqttMessage } from '../mqtt/mqtt-connection';
import { MqttSource } from '../mqtt/mqtt-source';
import { brokerOf } from '../mqtt/open-socket';
import { tryBroker } from '../mqtt/try-broker';
import type { SourceKind, TriedSource, TryContext } from '../source-kind';
import { MachineRoutes } from './machine-routes';
import { NO_DEFINITIONS, NODE_PREFIX, readMetric } from './metric-reading';
import { SparkplugIntake } from './sparkplug-intake';
import { type SparkplugSettings, sparkplugSettings } from './sparkplug-settings';

const MOST_SEEN = 50;
const EVERYTHING = 'spBv1.0/#';

/** Where nothing comes by the names in the settings, a name is mostly misspelt, and what there is tells which. */
const messagesOfAll = async (
  settings: SparkplugSettings,
  context: TryContext,
): Promise<readonly MqttMessage[] | null> => {
  try {
    return (await tryBroker(settings, [EVERYTHING], context)).messages;
  } catch {
    // An account that may read its own group alone has been told nothing wrong so far.
    return null;
  }
};

/** Edge nodes and devices that speak Sparkplug B (3.0) over an MQTT broker. */
export const sparkplugSourceKind: SourceKind<SparkplugSettings> = {
  type: 'sparkplug',
  says: 'Listens to edge nodes and devices that speak Sparkplug B over an MQTT broker.',
  settings: sparkplugSettings,
  secrets: CONNECTION_SECRETS,
  machines: ({ machines }) => new MachineRoutes(machines).fixed(),
  reaches: (settings) => [brokerOf(settings)],
  alone: sessionAlone,
  tryOnce: async (settings, context) => {
    const routes = new MachineRoutes(settings.machines);
    const { messages, broker } = await tryBroker(settings, routes.filters(), context);
    const heardAll = messages.length > 0 || routes.filters().includes(EVERYTHING);
    const around = heardAll ? null : await messagesOfAll(settings, context);
    const nodes = new Set<string>();
    const others = new Set<string>();
    let heard = messages.length;
    const seen = new Map<string, TriedSource['seen'][number]>();
    for (const { topic, payload } of [...messages, ...(around ?? [])]) {
      const place = parseTopic(topic);
      if (place.kind !== 'message') continue;
      const key = `${place.group}/${place.node}`;
      const isOurs = routes.concerns(place);
      (isOurs ? nodes : others).add(key);
      // It has come a moment later than was listened for it alone.
      if (isOurs && messages.length === 0) heard++;
      const machine = place.device === null ? routes.ofNode(place) : routes.ofDevice(place, place.device);
      if (isOurs && place.device !== null && machine === null) others.add(`${key}/${place.device}`);
      const read = decodePayload(payload);
      if (read.kind !== 'payload' || !/BIRTH|DATA/.test(place.type) || !isOurs) continue;
      const prefix = place.device === null && machine === null ? NODE_PREFIX : '';
      for (const metric of read.payload.metrics) {
        const said = readMetric(metric, NO_DEFINITIONS, null);
        if (said.kind !== 'signal' || datatypeName(metric.datatype) === null) continue;
        const path = `${prefix}${said.signal.path}`;
        if (seen.size < MOST_SEEN || seen.has(`${machine}\n${path}`))
          seen.set(`${machine}\n${path}`, { machine, path, value: said.signal.value, unit: said.signal.unit });
      }
    }
    const list = (names: ReadonlySet<string>) => [...names].slice(0, 5).join(', ');
    return {
      summary:
        `${broker}; ${heard} ${heard === 1 ? 'message' : 'messages'} in ${around === null ? 2 : 4} s` +
        `${nodes.size > 0 ? `, of ${nodes.size} edge ${nodes.size === 1 ? 'node' : 'nodes'}: ${list(nodes)}` : ''}` +
        `${others.size > 0 ? `; no machine is named for ${list(others)}` : ''}.`,
      seen: [...seen.values()],
    };
  },
  open: (settings, context) => {
    const place = { tenant: context.tenant, source: context.name, proto: 'spb' } as const;
    const session = clientIdOf(settings, context.tenant, context.name);
    const { cursor, clock, random, newId } = context;
    const intake = new SparkplugIntake(settings, place, session, cursor, clock(), random, newId().slice(-12));
    return new MqttSource(settings, context, intake);
  },
};
