import { DEFAULT_OPTIONS, type Endpoint, isFilter } from '@millrace/domain';
import type { IncomingMessage, OutgoingMessage } from './message';

/** Configuration on the compacted topic `endpoints`: key is the endpoint's id, value its whole state, null when deleted. */
export const encodeEndpoint = (topic: string, id: string, endpoint: Endpoint | null): OutgoingMessage => ({
  topic,
  key: id,
  value: endpoint === null ? null : Buffer.from(JSON.stringify({ v: 1, endpoint })),
  headers: {},
});

export type EndpointChange =
  | { readonly kind: 'put'; readonly endpoint: Endpoint }
  | { readonly kind: 'deleted'; readonly id: string }
  | { readonly kind: 'unreadable' };

export const decodeEndpoint = (message: IncomingMessage): EndpointChange => {
  const id = message.key?.toString('utf8');
  if (!id) return { kind: 'unreadable' };
  if (message.value === null) return { kind: 'deleted', id };
  try {
    const record = JSON.parse(message.value.toString('utf8')) as { v: number; endpoint: object };
    const endpoint: unknown = {
      ...ABSENT,
      ...record.endpoint,
      options: { ...DEFAULT_OPTIONS, ...('options' in record.endpoint ? (record.endpoint.options as object) : {}) },
    };
    return record.v === 1 && isEndpoint(endpoint) && endpoint.id === id
      ? { kind: 'put', endpoint }
      : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
};

/** Members that records of earlier releases lack. */
const ABSENT = { ordering: 'none', rateLimit: null, retry: null, runUrls: false };

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A view that throws would meet the same compacted record after each restart, so what it relies on is checked. */
const isEndpoint = (value: unknown): value is Endpoint =>
  isObject(value) &&
  typeof value['tenant'] === 'string' &&
  Number.isSafeInteger(value['version']) &&
  typeof value['url'] === 'string' &&
  typeof value['contract'] === 'string' &&
  typeof value['status'] === 'string' &&
  Array.isArray(value['eventTypes']) &&
  value['eventTypes'].every((pattern) => typeof pattern === 'string') &&
  (value['filter'] === null || isFilter(value['filter'])) &&
  isObject(value['headers']) &&
  Object.values(value['headers']).every((header) => typeof header === 'string') &&
  ['none', 'key', 'strict'].includes(value['ordering'] as string) &&
  (value['rateLimit'] === null || (isObject(value['rateLimit']) && Number.isFinite(value['rateLimit']['perSecond']))) &&
  (value['retry'] === null || (isObject(value['retry']) && Array.isArray(value['retry']['delaysMs']))) &&
  Array.isArray(value['secrets']) &&
  value['secrets'].every((secret) => isObject(secret) && typeof secret['sealed'] === 'string');

/** The receiver answered 410, or as many deliveries failed in a row as the contract allows. */
export const ENDPOINT_DISABLED_REASONS = ['receiver_answered_410', 'too_many_failures'] as const;
export type EndpointDisabledReason = (typeof ENDPOINT_DISABLED_REASONS)[number];

/** What the engine decided about an endpoint (compacted topic `endpoint-lifecycle`, key is its id). */
export interface EndpointDisabled {
  readonly v: 1;
  readonly kind: 'disabled';
  readonly endpointId: string;
  readonly tenant: string;
  /** Version of the endpoint that the receiver refused; a later version (enabled again) is not touched. */
  readonly endpointVersion: number;
  readonly reason: EndpointDisabledReason;
  /** Unix ms. */
  readonly at: number;
  readonly deliveryId: string;
}

export const encodeEndpointDisabled = (topic: string, fact: EndpointDisabled): OutgoingMessage => ({
  topic,
  key: fact.endpointId,
  value: Buffer.from(JSON.stringify(fact)),
  headers: {},
});

export const decodeEndpointDisabled = (message: IncomingMessage): EndpointDisabled | null => {
  if (message.value === null) return null;
  try {
    const fact = JSON.parse(message.value.toString('utf8')) as EndpointDisabled;
    return fact.v === 1 && fact.kind === 'disabled' && typeof fact.endpointId === 'string' ? fact : null;
  } catch {
    return null;
  }
};
