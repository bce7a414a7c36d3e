import type { SourceKind, TriedSource } from '../source-kind';
import { clientIdOf, sessionAlone } from './client-id';
import { CONNECTION_SECRETS } from './connection-settings';
import { type MqttSettings, mqttSettings } from './mqtt-settings';
import { MqttSource } from './mqtt-source';
import { brokerOf } from './open-socket';
import { readTopicMessage } from './read-topic-message';
import { isFixed } from './topic-template';
import { TopicsIntake } from './topics-intake';
import { tryBroker } from './try-broker';

const MOST_SEEN = 50;
const NOT_TOLD =
  ' How many messages the broker keeps for a source that is away is not told: say it as "brokerQueue", most brokers drop what is above 1000.';

/** Plain topics of an MQTT broker: one value or one JSON object a message. */
export const mqttSourceKind: SourceKind<MqttSettings> = {
  type: 'mqtt',
  says: 'Subscribes to topics of an MQTT broker whose messages are one value or one JSON object each.',
  settings: mqttSettings,
  secrets: CONNECTION_SECRETS,
  machines: ({ topics }) => {
    const names = topics.map(({ machine }) => machine);
    return names.every(isFixed) ? [...new Set(names)] : null;
  },
  reaches: (settings) => [brokerOf(settings)],
  alone: sessionAlone,
  tryOnce: async (settings, context) => {
    const { messages, broker } = await tryBroker(
      settings,
      settings.topics.map(({ filter }) => filter),
      context,
    );
    const seen = new Map<string, TriedSource['seen'][number]>();
    let unreadable = 0;
    for (const message of messages) {
      const read = readTopicMessage(message, settings.topics);
      if (read.kind === 'refused') unreadable++;
      if (read.kind !== 'values') continue;
      for (const { path, value } of read.values)
        if (seen.size < MOST_SEEN || seen.has(`${read.machine}\n${path}`))
          seen.set(`${read.machine}\n${path}`, { machine: read.machine, path, value, unit: read.unit });
    }
    return {
      summary:
        `${broker}; ${messages.length} ${messages.length === 1 ? 'message' : 'messages'} in 2 s` +
        `${unreadable > 0 ? `, ${unreadable} of them cannot be read with these settings` : ''}.` +
        `${settings.brokerQueue === undefined ? NOT_TOLD : ''}`,
      seen: [...seen.values()],
    };
  },
  open: (settings, context) => {
    const place = { tenant: context.tenant, source: context.name, proto: 'mqtt' } as const;
    const session = clientIdOf(settings, context.tenant, context.name);
    return new MqttSource(settings, context, new TopicsIntake(settings, place, session, context.cursor));
  },
};
