import type { IncomingHttpHeaders } from 'node:http';
import { EVENTS_LIMITS, type EventsAccepted } from '@millrace/protocol';
import {
  ApiProblem,
  BodyLimit,
  ContentTypes,
  CurrentTenant,
  CurrentTrace,
  IdempotencyKey,
  RawBody,
  RequireScope,
} from '@millrace/service-runtime';
import { formatTraceparent, type TraceContext } from '@millrace/telemetry';
import { Controller, Headers, HttpCode, Inject, Post } from '@nestjs/common';
import { AcceptEventsHandler } from './accept-events.handler';

@Controller('v1/events')
export class EventsController {
  constructor(@Inject(AcceptEventsHandler) private readonly handler: AcceptEventsHandler) {}

  /** The form of the request is told by its headers, so every media type comes to the reader, which names those it takes. */
  @Post()
  @HttpCode(202)
  @RequireScope('events:write')
  @BodyLimit(EVENTS_LIMITS.requestBytes)
  @ContentTypes('*/*')
  async accept(
    @CurrentTenant() tenant: string,
    @RawBody() body: Buffer,
    @Headers() headers: IncomingHttpHeaders,
    @IdempotencyKey() idempotencyKey: string | null,
    @CurrentTrace() trace: TraceContext,
  ): Promise<EventsAccepted> {
    const answer = await this.handler.accept({
      tenant,
      contentType: headers['content-type'],
      headers,
      body,
      idempotencyKey,
      traceparent: formatTraceparent(trace),
    });
    if (answer.kind === 'accepted') return answer.body;
    const { problem, retryAfterSeconds } = answer;
    throw new ApiProblem(problem.code, problem.detail, {
      errors: problem.errors,
      ...(retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
    });
  }
}
