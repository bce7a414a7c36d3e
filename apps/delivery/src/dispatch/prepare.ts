import { type Contract, type DeliveryTask, type Endpoint, type SigningKey, timeoutOf } from '@millrace/domain';
import type { WebhookRequest } from '@millrace/webhook-client';

export interface PrepareInput {
  readonly task: DeliveryTask;
  readonly body: Buffer;
  readonly contract: Contract;
  readonly endpoint: Endpoint;
  readonly keys: readonly SigningKey[];
  /** Random for each request. */
  readonly requestId: string;
  readonly traceparent: string;
  /** Unix ms. */
  readonly now: number;
}

/** Pure: envelope and bytes are made already; this signs them for one attempt and adds the headers. */
export const prepare = ({
  task,
  body,
  contract,
  endpoint,
  keys,
  requestId,
  traceparent,
  now,
}: PrepareInput): WebhookRequest => {
  const headers = [
    ...contract.headers({
      eventId: task.eventId,
      eventType: task.eventType,
      eventTime: task.eventTime,
      endpointId: endpoint.id,
      attempt: task.attempt,
      attemptAt: now,
      chain: task.chain,
      replay: task.replay,
      body,
      keys,
    }),
  ];
  for (const name of Object.keys(endpoint.headers)) headers.push([name, endpoint.headers[name]!]);
  headers.push(['traceparent', traceparent], ['millrace-request-id', requestId]);
  return { url: endpoint.url, headers, body, timeoutMs: timeoutOf(endpoint, contract) };
};

/** Request headers as the history keeps them: an endpoint's own may hold credentials, so their values are masked. */
export const headersForHistory = (request: WebhookRequest, endpoint: Endpoint): { [name: string]: string } => {
  const headers: { [name: string]: string } = {};
  for (const [name, value] of request.headers) headers[name] = Object.hasOwn(endpoint.headers, name) ? '***' : value;
  return headers;
};
