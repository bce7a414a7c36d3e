import type { Contract, DeliveryTask, Endpoint, SigningKey } from '@millrace/domain';
import type { WebhookRequest } from '@millrace/webhook-client';

/** A request that is ready to leave: everything of one attempt is decided. */
export interface PreparedAttempt {
  readonly task: DeliveryTask;
  readonly contract: Contract;
  readonly endpoint: Endpoint;
  readonly requestId: string;
  readonly traceparent: string;
  readonly request: WebhookRequest;
}

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
}: PrepareInput): PreparedAttempt => {
  const headers = [
    ...contract.headers({
      eventId: task.eventId,
      eventType: task.eventType,
      eventTime: task.eventTime,
      endpointId: endpoint.id,
      attempt: task.attempt,
      attemptAt: now,
      body,
      keys,
    }),
  ];
  for (const name of Object.keys(endpoint.headers)) headers.push([name, endpoint.headers[name]!]);
  headers.push(['traceparent', traceparent], ['millrace-request-id', requestId]);
  return {
    task,
    contract,
    endpoint,
    requestId,
    traceparent,
    request: { url: endpoint.url, headers, body, timeoutMs: endpoint.timeoutMs ?? contract.timeoutMs },
  };
};

/** Request headers as the history keeps them: an endpoint's own may hold credentials, so their values are masked. */
export const headersForHistory = (attempt: PreparedAttempt): { [name: string]: string } => {
  const headers: { [name: string]: string } = {};
  for (const [name, value] of attempt.request.headers)
    headers[name] = Object.hasOwn(attempt.endpoint.headers, name) ? '***' : value;
  return headers;
};
