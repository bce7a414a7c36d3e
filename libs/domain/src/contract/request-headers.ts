import type { HeaderValues } from '../secret/sealed-headers';
import type { Contract, Header, SignableRequest } from './contract';
import { standard } from './standard';
import { standardHeaders } from './standard-headers';

export interface BesideContract {
  /** Id of what replays the delivery; null for a first one. */
  readonly replay: string | null;
  /** The endpoint's own headers, in the clear. */
  readonly custom: HeaderValues;
  readonly traceparent: string;
}

/**
 * All headers of one request, in the order in which they are sent: those of the contract, those of Standard Webhooks where the
 * contract is another, what marks a replay, the endpoint's own, the trace, and the id of the request.
 */
export const requestHeaders = (
  contract: Contract,
  request: SignableRequest,
  { replay, custom, traceparent }: BesideContract,
): Header[] => {
  const { options, requestId } = request;
  const headers: Header[] = [...contract.headers(request)];
  if (contract !== standard && options.standardHeaders) headers.push(...standardHeaders(request));
  if (replay !== null) headers.push(['millrace-replay', replay]);
  for (const name of Object.keys(custom)) headers.push([name, custom[name]!]);
  if (options.traceContext) headers.push(['traceparent', traceparent]);
  headers.push(['millrace-request-id', requestId]);
  return headers;
};
