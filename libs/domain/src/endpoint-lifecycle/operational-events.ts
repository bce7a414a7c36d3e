/**
 * What Millrace tells about an endpoint or its deliveries, as events that can be subscribed to. Their subject is the id of the
 * endpoint that they are about, and they are never delivered to it: an alert must not cause the next one.
 */
export const OPERATIONAL_TYPES = [
  'endpoint.down',
  'endpoint.recovered',
  'endpoint.disabled',
  'endpoint.disable_warning',
  'delivery.exhausted',
  'delivery.expired',
] as const;
export type OperationalType = (typeof OPERATIONAL_TYPES)[number];

/** CloudEvents source of all of them. Another producer's event of the same type is an ordinary one. */
export const OPERATIONS_SOURCE = '/millrace/operations';

const TYPES: ReadonlySet<string> = new Set(OPERATIONAL_TYPES);

export const isOperationalType = (type: string): type is OperationalType => TYPES.has(type);

export const isOperationalEvent = (event: { readonly type: string; readonly source: string }): boolean =>
  event.source === OPERATIONS_SOURCE && isOperationalType(event.type);
