import { STANDARD_BREAKER } from '../endpoint-lifecycle/breaker-rules';
import { bodyHmac } from '../signature/endpoint-key';
import type { Contract } from './contract';
import { fromAcceptance } from './expiry';
import { utcTime } from './iso-time';
import { javaScriptJson } from './javascript-json';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** PROIGN: all modules of a business suite. Its receivers verify over `JSON.stringify(req.body)`. */
export const proign: Contract = {
  name: 'proign',
  version: 1,
  timeoutMs: 30_000,
  maxTimeoutMs: 30_000,
  retry: { delaysMs: [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 24 * HOUR], jitter: 0 },
  breaker: STANDARD_BREAKER,
  expiry: fromAcceptance(30 * 24 * HOUR),
  options: ['standardHeaders', 'traceContext'],
  secrets: 'text',
  revealsSecret: false,
  rewrites: true,
  variantOf: () => null,
  render: ({ id, type, time, tenant, data }) => {
    const rewritten = javaScriptJson(data, 'data');
    if (rewritten.kind === 'unrepresentable') return rewritten;
    return {
      kind: 'body',
      body: Buffer.from(
        `{"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"timestamp":${JSON.stringify(utcTime(time))},"tenant_id":${JSON.stringify(tenant)},"data":${rewritten.text}}`,
      ),
    };
  },
  headers: ({ keys, body, requestId, attempt }) => [
    ['content-type', 'application/json'],
    ['user-agent', 'Millrace/1.0'],
    ['X-Proign-Signature', `sha256=${bodyHmac(keys, body, 'hex')}`],
    ['X-Proign-Delivery-ID', requestId],
    ...(attempt > 1 ? ([['X-Proign-Retry-Count', String(attempt - 2)]] as const) : []),
  ],
  succeeded: (status) => status >= 200 && status < 300,
  explains: () => null,
  disables: () => false,
  honoursRetryAfter: () => false,
};
