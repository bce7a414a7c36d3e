import type { TopicReader } from './read-span';

/** Ms before each new try: a leader that moves, or a broker that restarts, is back within that. */
const WAITS_MS = [200, 500, 1_000, 2_000, 4_000];

export class TopicUnreadable extends Error {
  override readonly name = 'TopicUnreadable';
}

/**
 * A reader that asks again when an answer fails, and goes on from the first record that is kept when retention has taken what
 * it asked for.
 *
 * @throws TopicUnreadable, with the topic's name, when the last try has failed
 */
export const patientReader = (
  reader: TopicReader,
  wait: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): TopicReader => {
  const patiently = async <T>(topic: string, ask: () => Promise<T>): Promise<T> => {
    for (let tries = 0; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        const ms = WAITS_MS[tries];
        if (ms === undefined)
          throw new TopicUnreadable(`${topic} cannot be read: ${error instanceof Error ? error.message : error}.`, {
            cause: error,
          });
        await wait(ms);
      }
    }
  };
  const fetchKept: TopicReader['fetch'] = async (topic, partition, from) => {
    try {
      return await reader.fetch(topic, partition, from);
    } catch (error) {
      const first = (await reader.beginnings(topic)).get(partition);
      if (first === undefined || first <= from) throw error;
      return reader.fetch(topic, partition, first);
    }
  };
  return {
    fetch: (topic, partition, from) => patiently(topic, () => fetchKept(topic, partition, from)),
    beginnings: (topic) => patiently(topic, () => reader.beginnings(topic)),
    ends: (topic) => patiently(topic, () => reader.ends(topic)),
    offsetsAt: (topic, timestamp) => patiently(topic, () => reader.offsetsAt(topic, timestamp)),
  };
};
