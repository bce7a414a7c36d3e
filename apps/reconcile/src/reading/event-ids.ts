import { decodeDelivery, decodeFacts, type IncomingMessage, isDeliveryFact } from '@millrace/protocol';
import type { TopicReader } from './read-span';

/** A record that tells which event a delivery is of. */
export interface EventSource {
  readonly deliveryId: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * Ids of the events of some deliveries, read back from their records; those that cannot be read any more are left out. The
 * sources are best sorted by their place: one answer holds many records, often several of those that are wanted.
 */
export const readEventIds = async (
  reader: TopicReader,
  sources: readonly EventSource[],
): Promise<Map<string, string>> => {
  const ids = new Map<string, string>();
  let fetched = new Map<string, IncomingMessage>();
  for (const source of sources) {
    const name = placeOf(source);
    if (!fetched.has(name)) {
      const { topic, partition, offset } = source;
      // Retention may have taken it since; then its event is not known.
      const answer = await reader.fetch(topic, partition, BigInt(offset)).catch(() => null);
      if (answer === null) continue;
      fetched = new Map(answer.messages.map((message) => [placeOf(message), message]));
    }
    const message = fetched.get(name);
    const eventId = message && eventIn(message, source.deliveryId);
    if (eventId) ids.set(source.deliveryId, eventId);
  }
  return ids;
};

const placeOf = ({ topic, partition, offset }: { topic: string; partition: number; offset: number | bigint }): string =>
  `${topic}/${partition}/${offset}`;

const eventIn = (message: IncomingMessage, deliveryId: string): string | null => {
  const task = decodeDelivery(message)?.task;
  if (task) return task.deliveryId === deliveryId ? task.eventId : null;
  for (const fact of decodeFacts(message) ?? [])
    if (isDeliveryFact(fact) && fact.deliveryId === deliveryId && 'eventId' in fact) return fact.eventId;
  return null;
};
