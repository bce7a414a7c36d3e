import { STANDARD_BREAKER } from '../endpoint-lifecycle/breaker-rules';
import { bodyHmac } from '../signature/endpoint-key';
import type { Contract } from './contract';
import { fromAcceptance } from './expiry';
import { utcTime } from './iso-time';
import { javaScriptJson } from './javascript-json';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** After so many failed attempts a delivery shows as failing; it goes on daily for 7 days. */
export const MES_FAILING_AFTER = 5;

/** MachShop MES. Its receivers verify over `JSON.stringify(req.body)`, and acknowledge with exactly 200. */
export const mes: Contract = {
  name: 'mes',
  version: 1,
  timeoutMs: 5_000,
  maxTimeoutMs: 5_000,
  retry: {
    delaysMs: [5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, ...Array<number>(7).fill(DAY)],
    jitter: 0,
  },
  breaker: STANDARD_BREAKER,
  expiry: fromAcceptance(30 * DAY),
  options: ['standardHeaders', 'traceContext'],
  secrets: 'text',
  revealsSecret: true,
  rewrites: true,
  variantOf: () => null,
  render: ({ id, type, time, data }) => {
    const rewritten = javaScriptJson(data, 'data');
    if (rewritten.kind === 'unrepresentable') return rewritten;
    return {
      kind: 'body',
      body: Buffer.from(
        `{"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"timestamp":${JSON.stringify(utcTime(time))},"data":${rewritten.text}}`,
      ),
    };
  },
  headers: ({ keys, body }) => [
    ['content-type', 'application/json'],
    ['user-agent', 'Millrace/1.0'],
    ['x-mes-signature', bodyHmac(keys, body, 'hex')],
  ],
  succeeded: (status) => status === 200,
  explains: (status) =>
    status > 200 && status < 300 ? `Answered ${status}; under the contract mes only 200 acknowledges.` : null,
  disables: () => false,
  honoursRetryAfter: () => false,
};
