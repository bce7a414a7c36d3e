import type { CallOptions, Transport } from '../transport';
import type {
  DiscardRequest,
  Quarantined,
  QuarantinedDetail,
  QuarantineQuery,
  RedriveManyRequest,
  Redriven,
  RedrivenMany,
  RedriveRequest,
} from '../types/quarantine';
import { get, list, part, post } from './requests';

const at = (id: string, rest = '') => `/v1/quarantine/${part(id)}${rest}`;

export const quarantineCalls = (transport: Transport) => ({
  /** What could not be used, newest first. */
  list: (query: QuarantineQuery = {}, options?: CallOptions) =>
    list<Quarantined>(transport, '/v1/quarantine', query, options),
  /** With its bytes. */
  get: (id: string, options?: CallOptions) => get<QuarantinedDetail>(transport, at(id), options),
  /** Sends it on its way again, as it came or corrected. */
  redrive: (id: string, request: RedriveRequest = {}, options?: CallOptions) =>
    post<Redriven>(transport, at(id, '/redrive'), request, options),
  /** Notes that nothing is to be done about it. */
  discard: (id: string, request: DiscardRequest = {}, options?: CallOptions) =>
    transport.call<void>({ method: 'POST', path: at(id, '/discard'), body: request, answer: 'none' }, options),
  /** All open ones that match, oldest first. */
  redriveMany: (request: RedriveManyRequest, options?: CallOptions) =>
    post<RedrivenMany>(transport, '/v1/quarantine/redrive', request, options),
});
