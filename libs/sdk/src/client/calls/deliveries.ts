import type { CallOptions, Transport } from '../transport';
import type {
  CancelManyRequest,
  CommandAccepted,
  Delivery,
  DeliveryDetail,
  DeliveryQuery,
  ManyCommands,
  RetryDeliveryRequest,
  RetryManyRequest,
} from '../types/delivery';
import { get, list, part, post } from './requests';

const at = (id: string, rest = '') => `/v1/deliveries/${part(id)}${rest}`;

export const deliveryCalls = (transport: Transport) => ({
  /** Newest first. */
  list: (query: DeliveryQuery = {}, options?: CallOptions) =>
    list<Delivery>(transport, '/v1/deliveries', query, options),
  /** With all attempts. */
  get: (id: string, options?: CallOptions) => get<DeliveryDetail>(transport, at(id), options),
  /** Now, or again. What became of the command stands in `commands` of the delivery. */
  retry: (id: string, request: RetryDeliveryRequest = {}, options?: CallOptions) =>
    post<CommandAccepted>(transport, at(id, '/retry'), request, options),
  /** No further attempt. */
  cancel: (id: string, options?: CallOptions) => post<CommandAccepted>(transport, at(id, '/cancel'), {}, options),
  /** Ends the delivery that others of its key wait behind. */
  skip: (id: string, options?: CallOptions) => post<CommandAccepted>(transport, at(id, '/skip'), {}, options),
  retryMany: (request: RetryManyRequest, options?: CallOptions) =>
    post<ManyCommands>(transport, '/v1/deliveries/retry', request, options),
  cancelMany: (request: CancelManyRequest, options?: CallOptions) =>
    post<ManyCommands>(transport, '/v1/deliveries/cancel', request, options),
});
