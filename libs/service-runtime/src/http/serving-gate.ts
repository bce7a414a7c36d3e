import type { ServiceState } from '../lifecycle/service-state';
import { unavailable } from './api-problem';
import type { HttpRequest, HttpResponse } from './request-state';

const ALWAYS = new Set(['/healthz', '/readyz', '/metrics']);

/** Before the workers run, an answer might be wrong (a key not read yet, an endpoint not known): better none. */
export const servingGate =
  (state: ServiceState) =>
  (request: HttpRequest, _response: HttpResponse, next: (error?: unknown) => void): void => {
    if (state.phase === 'starting' && !ALWAYS.has(request.path)) next(unavailable('The service is starting.', 1));
    else next();
  };
