import type { Endpoint } from '@millrace/domain';
import { encodeEndpoint, type OutgoingMessage } from '@millrace/protocol';

/** Who brings an endpoint into a status when no API key does. */
export const MILLRACE = 'millrace';

/** An endpoint as this service keeps it: the configuration, and what only people ask for. */
export interface StoredEndpoint extends Endpoint {
  /** RFC 3339, of the configured status. */
  readonly statusSince: string;
  /** Id of an API key, or `millrace`; null for a status older than this record. */
  readonly statusBy: string | null;
  /** The API connection that it sends to, of an export configuration; its URL and bearer token are the connection's. */
  readonly connectionId: string | null;
}

/** The record for the topic `endpoints`: the configuration alone. */
export const recordOfEndpoint = (topic: string, stored: StoredEndpoint): OutgoingMessage => {
  const { statusSince: _since, statusBy: _by, connectionId: _connection, ...endpoint } = stored;
  return encodeEndpoint(topic, endpoint.id, endpoint satisfies Endpoint);
};
