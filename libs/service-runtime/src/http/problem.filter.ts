import type { Logger } from '@millrace/telemetry';
import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, NotFoundException } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { LOGGER } from '../tokens';
import { ApiProblem } from './api-problem';
import { ClientGone, drainRefusedBody } from './read-body';
import { type HttpRequest, type HttpResponse, stateIfAny } from './request-state';
import { methodsOf } from './route-methods';
import { toProblem } from './to-problem';

/** Answers every failed request with RFC 9457 problem details, or with what a compatible API has in their place. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapters: HttpAdapterHost,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    const response = http.getResponse<HttpResponse>();
    if (error instanceof ClientGone || response.headersSent) {
      request.socket.destroy();
      return;
    }
    const { problem, unexpected } = toProblem(this.withMethods(error, request));
    const traceId = stateIfAny(request)?.span.context.traceId;
    if (unexpected) {
      this.logger.error({ error, traceId, method: request.method, path: request.path }, 'request failed unexpectedly');
    } else if (problem !== error && problem.problem.status === 503) {
      this.logger.warn({ error, traceId }, 'a dependency did not answer');
    }
    for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
    const { instead } = problem;
    const bytes = Buffer.from(JSON.stringify(instead ?? { ...problem.problem, ...(traceId ? { traceId } : {}) }));
    response.statusCode = problem.problem.status;
    response.setHeader('content-type', instead === null ? 'application/problem+json' : 'application/json');
    response.setHeader('content-length', bytes.length);
    if (!request.complete) drainRefusedBody(request);
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  /** Nest knows only "not found"; a path that exists for other methods is another problem. */
  private withMethods(error: unknown, request: HttpRequest): unknown {
    if (!(error instanceof NotFoundException)) return error;
    const methods = methodsOf(this.adapters.httpAdapter.getInstance(), request.path);
    if (methods.length === 0) return new ApiProblem('not_found', 'There is nothing at this path.');
    return new ApiProblem('method_not_allowed', `This path answers ${methods.join(', ')}.`, {
      headers: { allow: methods.join(', ') },
    });
  }
}
