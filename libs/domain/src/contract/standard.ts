import { STANDARD_BREAKER } from '../endpoint-lifecycle/breaker-rules';
import type { Contract, Header } from './contract';
import { fromAcceptance } from './expiry';
import { standardHeaders } from './standard-headers';

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
  expiry: fromAcceptance(30 * 24 * HOUR),
  options: ['traceContext'],
  secrets: 'standard',
  revealsSecret: false,
  rewrites: false,
  variantOf: () => null,
  render: (event) => ({
    kind: 'body',
    body: Buffer.from(
      `{"id":${JSON.stringify(event.id)},"type":${JSON.stringify(event.type)},"timestamp":${JSON.stringify(event.time)},"data":${event.data}}`,
    ),
  }),
  headers: (request) => {
    const headers: Header[] = [
      ['content-type', 'application/json'],
      ['user-agent', 'Millrace/1.0'],
      ...standardHeaders(request),
    ];
    const { chain } = request;
    if (chain !== null) {
      headers.push(['millrace-sequence', String(chain.sequence)]);
      if (chain.previousId !== null) headers.push(['millrace-previous-id', chain.previousId]);
    }
    return headers;
  },
  succeeded: (status) => status >= 200 && status < 300,
  explains: () => null,
  disables: (status) => status === 410,
  honoursRetryAfter: (status) => status === 429 || status === 503,
};
