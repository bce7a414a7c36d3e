import { randomUUID } from 'node:crypto';
import {
  adoptForeignContext,
  formatTraceparent,
  type Logger,
  metrics,
  parseTraceparent,
  startSpan,
} from '@millrace/telemetry';
import type { ServiceState } from '../lifecycle/service-state';
import { attachState, type HttpRequest, type HttpResponse, routeOf, stateOf } from './request-state';

const seconds = metrics.histogram('http_server_request_duration_seconds', 'Duration of HTTP requests.', [
  'method',
  'route',
  'status',
]);

const PROBES = new Set(['/healthz', '/readyz', '/metrics']);
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * The first thing that a request meets: its id, its trace, the headers of every answer, its log line and metric. The
 * caller's traceparent becomes the parent, so that it finds the delivery in its own trace; baggage is not read.
 */
export const edge =
  (logger: Logger, state: ServiceState) =>
  (request: HttpRequest, response: HttpResponse, next: (error?: unknown) => void): void => {
    const begun = performance.now();
    const probe = PROBES.has(request.path);
    const given = request.headers['x-request-id'];
    const foreign = parseTraceparent(single(request.headers['traceparent']));
    const method = METHODS.has(request.method ?? '') ? request.method! : 'other';
    const span = startSpan(method, {
      kind: 'server',
      parent: foreign === null ? null : adoptForeignContext(foreign),
      attributes: probe ? undefined : { 'http.request.method': method, 'url.path': request.path },
    });
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    attachState(request, { requestId, span, principal: null, body: null, bodyTerms: null, idempotency: null });

    response.setHeader('x-request-id', requestId);
    response.setHeader('traceresponse', formatTraceparent(span.context));
    response.setHeader('x-trace-id', span.context.traceId);
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('cache-control', 'no-store');
    response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    response.setHeader('referrer-policy', 'no-referrer');
    if (state.phase === 'draining') response.setHeader('connection', 'close');

    response.once('close', () => {
      const durationMs = performance.now() - begun;
      const route = routeOf(request);
      const status = response.writableFinished ? response.statusCode : 499;
      seconds.observe(durationMs / 1000, { method, route, status: String(status) });
      if (probe) return;
      span.rename(`${method} ${route}`);
      span.end({
        error: status >= 500 ? String(status) : undefined,
        attributes: { 'http.route': route, 'http.response.status_code': status },
      });
      const { principal } = stateOf(request);
      const line = {
        method,
        route,
        path: request.path.slice(0, 200),
        status,
        durationMs: Math.round(durationMs * 10) / 10,
        requestId,
        tenant: principal?.tenant,
        keyId: principal?.keyId,
        traceId: span.context.traceId,
      };
      if (status >= 500) logger.warn(line, 'request');
      else if (status >= 400) logger.info(line, 'request');
      else logger.debug(line, 'request');
    });
    next();
  };

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? undefined : value);
