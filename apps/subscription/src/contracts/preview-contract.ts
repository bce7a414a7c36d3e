import { createHash } from 'node:crypto';
import { type Contract, type EndpointOptions, type Event, importEndpointKey, requestHeaders } from '@millrace/domain';
import type { ContractPreviewView } from '@millrace/protocol';

export interface PreviewInput {
  readonly contract: Contract;
  readonly event: Event;
  readonly options: EndpointOptions;
  readonly secret: string;
  /** From 1. */
  readonly attempt: number;
  /** Unix ms. */
  readonly now: number;
  readonly endpointId: string;
  readonly requestId: string;
  readonly traceparent: string;
}

export type Preview =
  | { readonly kind: 'preview'; readonly view: ContractPreviewView }
  | { readonly kind: 'unrepresentable'; readonly path: string; readonly detail: string };

/** Pure: what a request under the contract would be, by the same functions that make the real ones. */
export const previewContract = (input: PreviewInput): Preview => {
  const { contract, event, options, secret } = input;
  const rendering = contract.render(event, contract.variantOf(options));
  if (rendering.kind === 'unrepresentable') return rendering;
  const { body } = rendering;
  const headers = requestHeaders(
    contract,
    {
      eventId: event.id,
      eventType: event.type,
      eventTime: event.time,
      endpointId: input.endpointId,
      requestId: input.requestId,
      attempt: input.attempt,
      attemptAt: input.now,
      chain: { sequence: 1, previousId: null },
      body,
      keys: [importEndpointKey(secret)],
      options,
    },
    { replay: null, custom: {}, traceparent: input.traceparent },
  );
  return {
    kind: 'preview',
    view: {
      contract: contract.name,
      secret,
      method: 'POST',
      headers: headers.map(([name, value]) => ({ name, value })),
      body: body.toString('utf8'),
      bodySha256: createHash('sha256').update(body).digest('hex'),
    },
  };
};
