import type { CallOptions, Transport } from '../transport';
import type { Machine, MachineSignal, Signal, SignalsAccepted } from '../types/machine';
import type { PageQuery } from '../types/page';
import { get, list, part, post, remove } from './requests';

export const machineCalls = (transport: Transport) => ({
  /** What each machine is doing now. */
  list: (query: PageQuery = {}, options?: CallOptions) => list<Machine>(transport, '/v1/machines', query, options),
  get: (id: string, options?: CallOptions) => get<Machine>(transport, `/v1/machines/${part(id)}`, options),
  /** Forgets one that no source and no mapping names and that is not heard; a value that comes later makes it anew. */
  delete: (id: string, options?: CallOptions) => remove(transport, `/v1/machines/${part(id)}`, options),
  /** What was heard last of each of its data items, by path; up to ten seconds late. */
  signals: (id: string, query: PageQuery = {}, options?: CallOptions) =>
    list<MachineSignal>(transport, `/v1/machines/${part(id)}/signals`, query, options),
});

export const signalCalls = (transport: Transport) => ({
  /** Publishes one signal, or up to 10,000; look at `rejected` of the answer. */
  publish: (signals: Signal | readonly Signal[], options?: CallOptions) =>
    post<SignalsAccepted>(transport, '/v1/signals', signals, options),
});
