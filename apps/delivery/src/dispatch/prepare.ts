import {
  type Contract,
  type DeliveryTask,
  type Endpoint,
  type EndpointKey,
  type HeaderValues,
  HIDDEN_VALUE,
  requestHeaders,
  timeoutOf,
} from '@millrace/domain';
import type { WebhookRequest } from '@millrace/webhook-client';

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

/** Pure: envelope and bytes are made already; this signs them for one attempt and adds the headers. */
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
  const headers = requestHeaders(
    contract,
    {
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
      options: endpoint.options,
    },
    { replay: task.replay, custom: customHeaders, traceparent },
  );
  return { url: destinationOf(task, endpoint), headers, body, timeoutMs: timeoutOf(endpoint, contract) };
};

/** Where a delivery goes. */
export const destinationOf = (task: Pick<DeliveryTask, 'destination'>, endpoint: Pick<Endpoint, 'url'>): string =>
  task.destination ?? endpoint.url;

/** Request headers as the history keeps them: an endpoint's own may hold credentials, so their values are masked. */
export const headersForHistory = (request: WebhookRequest, endpoint: Endpoint): { [name: string]: string } => {
  const headers: { [name: string]: string } = {};
  for (const [name, value] of request.headers)
    headers[name] = Object.hasOwn(endpoint.headers, name) ? HIDDEN_VALUE : value;
  return headers;
};
