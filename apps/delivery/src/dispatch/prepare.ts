import {
  type Contract,
  type DeliveryTask,
  type Endpoint,
  type EndpointKey,
  type HeaderValues,
  HIDDEN_VALUE,
  type SignableRequest,
  standardHeaders,
  timeoutOf,
} from '@millrace/domain';
import type { WebhookRequest } from '@millrace/webhook-client';

const STANDARD = 'standard';

export interface PrepareInput {
  readonly task: DeliveryTask;
  readonly body: Buffer;
  readonly contract: Contract;
  readonly endpoint: Endpoint;
  readonly keys: readonly EndpointKey[];
  /** The endpoint's own headers, in the clear. */
  readonly customHeaders: HeaderValues;
  /** Random for each request. */
  readonly requestId: string;
  readonly traceparent: string;
  /** Unix ms. */
  readonly now: number;
}

/**
 * Pure: envelope and bytes are made already; this signs them for one attempt and adds the headers. Beside those of the contract
 * go the ones of Standard Webhooks, what marks a replay, and the trace.
 */
export const prepare = ({
  task,
  body,
  contract,
  endpoint,
  keys,
  customHeaders,
  requestId,
  traceparent,
  now,
}: PrepareInput): WebhookRequest => {
  const { options } = endpoint;
  const signable: SignableRequest = {
    eventId: task.eventId,
    eventType: task.eventType,
    eventTime: task.eventTime,
    endpointId: endpoint.id,
    requestId,
    attempt: task.attempt,
    attemptAt: now,
    chain: task.chain,
    body,
    keys,
    options,
  };
  const headers = [...contract.headers(signable)];
  if (contract.name !== STANDARD && options.standardHeaders) headers.push(...standardHeaders(signable));
  if (task.replay !== null) headers.push(['millrace-replay', task.replay]);
  for (const name of Object.keys(customHeaders)) headers.push([name, customHeaders[name]!]);
  if (options.traceContext) headers.push(['traceparent', traceparent]);
  headers.push(['millrace-request-id', requestId]);
  return { url: endpoint.url, headers, body, timeoutMs: timeoutOf(endpoint, contract) };
};

/** Request headers as the history keeps them: an endpoint's own may hold credentials, so their values are masked. */
export const headersForHistory = (request: WebhookRequest, endpoint: Endpoint): { [name: string]: string } => {
  const headers: { [name: string]: string } = {};
  for (const [name, value] of request.headers)
    headers[name] = Object.hasOwn(endpoint.headers, name) ? HIDDEN_VALUE : value;
  return headers;
};
