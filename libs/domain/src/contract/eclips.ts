import { STANDARD_BREAKER } from '../endpoint-lifecycle/breaker-rules';
import { bodyHmac } from '../signature/endpoint-key';
import type { Contract } from './contract';
import { fromAcceptance } from './expiry';
import { isoTime } from './iso-time';
import { membersOf } from './members';

const DAY = 86_400_000;

/** eClips: the runs of agents. Never retried by itself; what failed shows as failed, with its status. */
export const eclips: Contract = {
  name: 'eclips',
  version: 1,
  timeoutMs: 10_000,
  maxTimeoutMs: 10_000,
  retry: { delaysMs: [], jitter: 0 },
  breaker: STANDARD_BREAKER,
  expiry: fromAcceptance(30 * DAY),
  options: ['standardHeaders', 'traceContext'],
  secrets: 'text',
  revealsSecret: false,
  rewrites: false,
  variantOf: () => null,
  render: ({ type, time, tenant, data }) => {
    const members = membersOf(data);
    const or = (name: string, absent: string): string => {
      const value = members.get(name);
      return value === undefined || value === 'null' ? absent : value;
    };
    const text = (value: string): string => JSON.stringify(value);
    return {
      kind: 'body',
      body: Buffer.from(
        `{"event":${text(type)},"run_id":${or('run_id', 'null')},"agent_type":${or('agent_type', 'null')},` +
          `"organization_id":${or('organization_id', text(tenant))},"timestamp":${text(isoTime(time))},` +
          `"data":{"output":${or('output', 'null')},"confidence_score":${or('confidence_score', 'null')},` +
          `"requires_triage":${or('requires_triage', 'false')},"triage_item_id":${or('triage_item_id', 'null')},` +
          `"error":${or('error', 'null')}}}`,
      ),
    };
  },
  headers: ({ eventType, eventTime, keys, body }) => [
    ['content-type', 'application/json'],
    ['user-agent', 'Millrace/1.0'],
    ['X-eClips-Signature', `sha256=${bodyHmac(keys, body, 'hex')}`],
    ['X-eClips-Event', eventType],
    ['X-eClips-Timestamp', isoTime(eventTime)],
  ],
  succeeded: (status) => status >= 200 && status < 300,
  explains: () => null,
  disables: () => false,
  honoursRetryAfter: () => false,
};
