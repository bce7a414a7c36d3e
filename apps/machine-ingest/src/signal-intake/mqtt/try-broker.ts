import { randomUUID } from 'node:crypto';
import { SourceProblem, type TryContext } from '../source-kind';
import type { ConnectionSettings } from './connection-settings';
import { MqttConnection, type MqttMessage } from './mqtt-connection';

/** What an attempt saw of a broker. */
export interface TriedBroker {
  readonly messages: readonly MqttMessage[];
  /** `MQTT 5 broker, sessions kept for 86400 s`. */
  readonly broker: string;
}

const LOOK_MS = 2_000;
const MOST_MESSAGES = 1_000;

/**
 * Connects under a name of its own, so that the session of a source that runs is left alone, subscribes, listens for two
 * seconds and goes without a trace. Rejects SourceProblem.
 */
export const tryBroker = async (
  settings: ConnectionSettings,
  filters: readonly string[],
  { signal, lookup }: TryContext,
): Promise<TriedBroker> => {
  signal.throwIfAborted();
  const messages: MqttMessage[] = [];
  let timer: NodeJS.Timeout | null = null;
  let connection: MqttConnection | null = null;
  try {
    return await new Promise<TriedBroker>((resolve, reject) => {
      const give = (problem: SourceProblem) => reject(problem);
      connection = new MqttConnection({
        settings,
        clientId: `millrace-try-${randomUUID().slice(0, 8)}`,
        lookup,
        filters,
        formerFilters: [],
        persistent: false,
        will: () => null,
        clock: Date.now,
        random: () => 1,
        onMessage: (message) => {
          message.settle();
          if (messages.length < MOST_MESSAGES) messages.push(message);
        },
        onUp: ({ properties }) => {
          const kept = properties?.sessionExpiryInterval;
          const broker = `MQTT ${settings.protocolVersion === 5 ? '5' : '3.1.1'} broker${kept === undefined ? '' : `, sessions kept for ${kept} s`}`;
          timer = setTimeout(() => resolve({ messages, broker }), LOOK_MS);
        },
        onDown: give,
      });
      const late = () =>
        give(new SourceProblem('unreachable', `${new URL(settings.url).host} has not answered in time.`, 'url'));
      signal.addEventListener('abort', late, { once: true });
      connection.start();
    });
  } finally {
    if (timer !== null) clearTimeout(timer);
    await (connection as MqttConnection | null)?.stop();
  }
};
