import type { CallOptions, Transport } from '../transport';
import type { Recovery, RecoveryQuery } from '../types/recovery';
import { get, list, part, post } from './requests';

const at = (id: string, rest = '') => `/v1/recoveries/${part(id)}${rest}`;

/** Recoveries begin with `endpoints.recover`. */
export const recoveryCalls = (transport: Transport) => ({
  /** Newest first. */
  list: (query: RecoveryQuery = {}, options?: CallOptions) =>
    list<Recovery>(transport, '/v1/recoveries', query, options),
  get: (id: string, options?: CallOptions) => get<Recovery>(transport, at(id), options),
  /** What it has sent stays sent. */
  cancel: (id: string, options?: CallOptions) => post<Recovery>(transport, at(id, '/cancel'), {}, options),
  pause: (id: string, options?: CallOptions) => post<Recovery>(transport, at(id, '/pause'), {}, options),
  resume: (id: string, options?: CallOptions) => post<Recovery>(transport, at(id, '/resume'), {}, options),
});
