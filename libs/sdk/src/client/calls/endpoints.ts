import type { CallOptions, Transport } from '../transport';
import type {
  ChangedEndpoint,
  CreatedEndpoint,
  CreatedWebhook,
  Endpoint,
  EndpointChanges,
  HeldKey,
  NewEndpoint,
  RotatedSecret,
  TestDelivery,
} from '../types/endpoint';
import type { PageQuery } from '../types/page';
import type { Recovery, RecoveryRequest } from '../types/recovery';
import { get, list, part, post, remove } from './requests';

const at = (id: string, rest = '') => `/v1/endpoints/${part(id)}${rest}`;

export const endpointCalls = (transport: Transport) => {
  /** What is left out stays as it is. */
  const update = (id: string, changes: EndpointChanges, options?: CallOptions) =>
    transport.call<ChangedEndpoint>({ method: 'PATCH', path: at(id), body: changes }, options);
  return {
    list: (query: PageQuery = {}, options?: CallOptions) => list<Endpoint>(transport, '/v1/endpoints', query, options),
    /** The answer has the `secret`, which is shown here and never again. Events published from now on find the endpoint. */
    create: (endpoint: NewEndpoint, options?: CallOptions) =>
      post<CreatedEndpoint>(transport, '/v1/endpoints', endpoint, options),
    get: (id: string, options?: CallOptions) => get<Endpoint>(transport, at(id), options),
    update,
    /** What comes meanwhile waits, parked. */
    pause: (id: string, options?: CallOptions) => update(id, { status: 'paused' }, options),
    /** Also of an endpoint that is down or disabled: tries it at once. */
    activate: (id: string, options?: CallOptions) => update(id, { status: 'active' }, options),
    /** What waits for it is cancelled. */
    delete: (id: string, options?: CallOptions) => remove(transport, at(id), options),
    /** Sends a test event of `eventType` (`millrace.test` unless told), whatever its status. */
    test: (id: string, eventType?: string, options?: CallOptions) =>
      post<TestDelivery>(transport, at(id, '/test'), eventType === undefined ? {} : { eventType }, options),
    /** The old secret signs on for `overlapSeconds`; a day unless told, 7 days at most. */
    rotateSecret: (id: string, overlapSeconds?: number, options?: CallOptions) =>
      post<RotatedSecret>(
        transport,
        at(id, '/rotate-secret'),
        overlapSeconds === undefined ? {} : { overlapSeconds },
        options,
      ),
    /** Delivers again, or for the first time, what the endpoint missed. */
    recover: (id: string, request: RecoveryRequest, options?: CallOptions) =>
      post<Recovery>(transport, at(id, '/recover'), request, options),
    /** Keys whose deliveries wait behind one of them, longest held first. */
    heldKeys: (id: string, query: PageQuery = {}, options?: CallOptions) =>
      list<HeldKey>(transport, at(id, '/held-keys'), query, options),
  };
};

export const createWebhook = (
  transport: Transport,
  url: string,
  events: readonly string[],
  options?: CallOptions,
): Promise<CreatedWebhook> => post<CreatedWebhook>(transport, '/v1/webhooks', { url, events }, options);
