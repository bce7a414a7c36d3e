import { hash } from 'node:crypto';
import type { DeliveryTrigger } from './delivery-task';

/**
 * A delivery's id is a function of the event, the endpoint and the trigger, so a repeat after a crash is the same
 * delivery. It is laid out as a UUID (version 8, RFC 9562) that begins with a time in milliseconds, so that history rows
 * arrive nearly in index order, and so that the day of a delivery's partition can be read from its id alone.
 */
export const deliveryId = (
  eventKey: string,
  eventTimeMs: number,
  endpointId: string,
  trigger: DeliveryTrigger,
): string => {
  const origin = trigger.kind === 'event' ? 'event' : `${trigger.kind}:${trigger.id}`;
  const digest = hash('sha256', `${eventKey}\n${endpointId}\n${origin}`, 'buffer');
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(eventTimeMs, 0, 6);
  digest.copy(bytes, 6, 0, 10);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};

const DELIVERY_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const isDeliveryId = (text: string): boolean => DELIVERY_ID.test(text);

/** Unix ms that the id begins with. */
export const timeOfDeliveryId = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

const DAY_MS = 86_400_000;

/** Times that fit into an id with room above: the year 6429. */
const LATEST_MS = 2 ** 47;

/**
 * The time that goes into a delivery's id: the event's own, so that two copies of one event agree, unless it lies outside
 * what the history keeps; then the time at which Kafka accepted it. A record without a usable time of its own (Kafka says
 * -1) counts as of 1970.
 */
export const timeForDeliveryId = (eventTime: string, acceptedAtMs: number): number => {
  const usable = Number.isSafeInteger(acceptedAtMs) && acceptedAtMs >= 0 && acceptedAtMs < LATEST_MS;
  const accepted = usable ? acceptedAtMs : 0;
  const at = Date.parse(eventTime.replace(/(\.\d{3})\d+/, '$1'));
  return at >= Math.max(0, accepted - 30 * DAY_MS) && at <= accepted + DAY_MS / 24 ? at : accepted;
};
