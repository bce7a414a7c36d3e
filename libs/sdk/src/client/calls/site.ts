import type { CallOptions, Transport } from '../transport';
import type { Health } from '../types/health';
import { get } from './requests';

export const siteCalls = (transport: Transport) => {
  const health = async (path: string, options?: CallOptions): Promise<Health> => {
    // A 503 is what this call is for: no error, and nothing to try again.
    const answer = await transport.call<Omit<Health, 'ok'>>({ method: 'GET', path, alsoAnswers: [503] }, options);
    return { ...answer, ok: answer.status === 'ok' };
  };
  return {
    /** Whether the processes run. */
    live: (options?: CallOptions) => health('/healthz', options),
    /** Whether they can serve, with all that they need. */
    ready: (options?: CallOptions) => health('/readyz', options),
    /** In the text format of Prometheus. */
    metrics: (options?: CallOptions) =>
      transport.call<string>({ method: 'GET', path: '/metrics', answer: 'text' }, options),
    /** The OpenAPI 3.1 document of the HTTP API. */
    openApi: (options?: CallOptions) => get<{ readonly [name: string]: unknown }>(transport, '/openapi.json', options),
    /** The AsyncAPI document of what goes over Kafka. */
    asyncApi: (options?: CallOptions) =>
      get<{ readonly [name: string]: unknown }>(transport, '/asyncapi.json', options),
  };
};
