import { STANDARD_BREAKER } from '../endpoint-lifecycle/breaker-rules';
import { standardSignatureHeader } from '../signature/standard-webhooks';
import type { Contract } from './contract';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * The default: Standard Webhooks 1.0. Body `{id, type, timestamp, data}`; `data` stands in it byte for byte as the
 * producer sent it. Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const standard: Contract = {
  name: 'standard',
  version: 1,
  timeoutMs: 15_000,
  maxTimeoutMs: 30_000,
  retry: {
    delaysMs: [5_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR],
    jitter: 0.1,
  },
  breaker: STANDARD_BREAKER,
  expiryMs: 30 * 24 * HOUR,
  body: (event) =>
    Buffer.from(
      `{"id":${JSON.stringify(event.id)},"type":${JSON.stringify(event.type)},"timestamp":${JSON.stringify(event.time)},"data":${event.data}}`,
    ),
  headers: (request) => {
    const timestamp = Math.floor(request.attemptAt / 1000);
    const headers: [name: string, value: string][] = [
      ['content-type', 'application/json'],
      ['user-agent', 'Millrace/1.0'],
      ['webhook-id', request.eventId],
      ['webhook-timestamp', String(timestamp)],
      ['webhook-signature', standardSignatureHeader(request.keys, request.eventId, timestamp, request.body)],
    ];
    const { chain, replay } = request;
    if (chain !== null) {
      headers.push(['millrace-sequence', String(chain.sequence)]);
      if (chain.previousId !== null) headers.push(['millrace-previous-id', chain.previousId]);
    }
    if (replay !== null) headers.push(['millrace-replay', replay]);
    return headers;
  },
  succeeded: (status) => status >= 200 && status < 300,
  disables: (status) => status === 410,
  honoursRetryAfter: (status) => status === 429 || status === 503,
};
