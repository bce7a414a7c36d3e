import type { CallOptions, Transport } from '../transport';
import type { FilterTest, FilterTestRequest } from '../types/filter';
import { post } from './requests';

export const filterCalls = (transport: Transport) => ({
  /** How many of the latest stored events a filter matches. Nothing is changed or sent. */
  test: (request: FilterTestRequest, options?: CallOptions) =>
    post<FilterTest>(transport, '/v1/filters/test', request, options),
});
