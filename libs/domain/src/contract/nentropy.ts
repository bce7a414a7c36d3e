import { bodyHmac } from '../signature/endpoint-key';
import type { Contract } from './contract';
import { fromAcceptance } from './expiry';
import { isoTime } from './iso-time';
import { membersOf } from './members';

const SECOND = 1_000;
const DAY = 86_400_000;

/** The id that N'entropy's own API and its header `X-Webhook-Id` give an endpoint. */
export const nentropyWebhookId = (endpointId: string): string => endpointId.replace(/^ep_/, 'wh_');

/**
 * N'entropy: supply chain compliance. Ten deliveries in a row that end without success disable the endpoint; that takes the
 * place of being down, so every delivery has its attempts on schedule until then.
 */
export const nentropy: Contract = {
  name: 'nentropy',
  version: 1,
  timeoutMs: 10_000,
  maxTimeoutMs: 10_000,
  retry: { delaysMs: [SECOND, 5 * SECOND, 30 * SECOND], jitter: 0 },
  breaker: {
    countsHttpFailures: true,
    consecutive: null,
    rate: null,
    probeInterval: { firstMs: 30_000, longestMs: 600_000, factor: 2 },
    disableAfter: { failures: 10, counts: 'deliveries' },
  },
  expiry: fromAcceptance(30 * DAY),
  options: ['standardHeaders', 'traceContext', 'signatureFormat', 'integrationId', 'disableCounts'],
  secrets: 'text',
  revealsSecret: false,
  rewrites: false,
  variantOf: ({ integrationId }) => integrationId,
  render: ({ type, time, data }, integrationId) => {
    const members = membersOf(data);
    const own = members.get('integrationId');
    members.delete('integrationId');
    const rest =
      own === undefined
        ? data
        : `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
    const id = own === undefined || own === 'null' ? JSON.stringify(integrationId) : own;
    return {
      kind: 'body',
      body: Buffer.from(
        `{"event":${JSON.stringify(type)},"timestamp":${JSON.stringify(isoTime(time))},"integrationId":${id},"data":${rest}}`,
      ),
    };
  },
  headers: ({ eventType, eventTime, endpointId, keys, body, options }) => {
    const prefix = options.signatureFormat === 'sha256_hex' ? 'sha256=' : '';
    const signature = bodyHmac(keys, body, options.signatureFormat === 'base64' ? 'base64' : 'hex');
    return [
      ['content-type', 'application/json'],
      ['user-agent', 'EUDR-Platform-Webhook/1.0'],
      ['X-Webhook-Signature', `${prefix}${signature}`],
      ['X-Webhook-Event', eventType],
      ['X-Webhook-Id', nentropyWebhookId(endpointId)],
      ['X-Webhook-Timestamp', isoTime(eventTime)],
    ];
  },
  succeeded: (status) => status >= 200 && status < 300,
  explains: () => null,
  disables: () => false,
  honoursRetryAfter: () => false,
};
