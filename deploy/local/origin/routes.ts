import type { Service } from '../services/service-part';

/** Which service answers which calls. The longest prefix wins; a prefix matches whole path segments. */
const OWNERS: ReadonlyArray<readonly [string, Service]> = [
  ['/v1/events', 'machine-ingest'],
  ['/v1/signals', 'machine-ingest'],
  ['/v1/machines', 'machine-ingest'],
  ['/v1/sources', 'machine-ingest'],
  ['/v1/source-kinds', 'machine-ingest'],
  ['/v1/mappings', 'machine-ingest'],
  ['/v1/audit-log/machines', 'machine-ingest'],
  ['/v1/endpoints', 'subscription'],
  ['/v1/recoveries', 'subscription'],
  ['/v1/event-types', 'subscription'],
  ['/v1/api-keys', 'subscription'],
  ['/v1/contracts', 'subscription'],
  ['/v1/audit-log', 'subscription'],
  ['/v1/webhooks', 'subscription'],
  ['/v1/connections', 'subscription'],
  ['/v1/exports', 'subscription'],
  ['/api/v2/webhooks/endpoints', 'subscription'],
  ['/api/v1/integration/webhook-events', 'subscription'],
  ['/v1/deliveries', 'audit-projector'],
  ['/v1/event-log', 'audit-projector'],
  ['/v1/quarantine', 'audit-projector'],
  ['/v1/filters', 'audit-projector'],
  ['/v1/export-events', 'audit-projector'],
  ['/v1/webhooks/deliveries', 'audit-projector'],
  ['/api/v2/webhooks/logs', 'audit-projector'],
];

/** Calls that another service answers than the rest of their prefix. */
const EXCEPTIONS: ReadonlyArray<readonly [RegExp, Service]> = [
  [/^\/v1\/endpoints\/[^/]+\/held-keys$/, 'audit-projector'],
  [/^\/api\/[^/]+\/subscriptions\/[^/]+\/deliveries$/, 'audit-projector'],
  // The tenant stands before the API's own name.
  [/^\/api\/[^/]+\/subscriptions(\/|$)/, 'subscription'],
];

/** The service behind a path (without its query), or null when it is none's. */
export const ownerOf = (path: string): Service | null => {
  const exception = EXCEPTIONS.find(([pattern]) => pattern.test(path));
  if (exception !== undefined) return exception[1];
  const found = OWNERS.filter(([prefix]) => path === prefix || path.startsWith(`${prefix}/`));
  return found.sort(([one], [other]) => other.length - one.length)[0]?.[1] ?? null;
};
