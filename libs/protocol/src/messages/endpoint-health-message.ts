import type { IncomingMessage, OutgoingMessage } from './message';

/**
 * How an endpoint is doing, as its owner sees it: on the compacted topic `endpoint-health` (key: the endpoint's id). The next
 * owner goes on from it, and the API shows it. `state` is the domain's EndpointHealth.
 */
export interface EndpointHealthRecord<Health = unknown> {
  readonly v: 1;
  readonly endpointId: string;
  readonly tenant: string;
  readonly state: Health;
  /** Deliveries that are parked now. */
  readonly parked: number;
  /** The last number given to a delivery of the endpoint, and the id of its event. */
  readonly sequence: number;
  readonly lastEventId: string | null;
  /** Unix ms. */
  readonly at: number;
}

export const encodeEndpointHealth = (topic: string, record: EndpointHealthRecord): OutgoingMessage => ({
  topic,
  key: record.endpointId,
  value: Buffer.from(JSON.stringify(record)),
  headers: {},
});

/** Null for a record that is none of ours; the state itself is for its reader to check. */
export const decodeEndpointHealth = (message: Pick<IncomingMessage, 'value'>): EndpointHealthRecord | null => {
  if (message.value === null) return null;
  try {
    const record = JSON.parse(message.value.toString('utf8')) as EndpointHealthRecord;
    return record.v === 1 &&
      typeof record.endpointId === 'string' &&
      typeof record.tenant === 'string' &&
      typeof record.state === 'object' &&
      record.state !== null &&
      Number.isSafeInteger(record.parked) &&
      Number.isSafeInteger(record.sequence)
      ? record
      : null;
  } catch {
    return null;
  }
};
