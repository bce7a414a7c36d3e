import { SIGNALS_LIMITS, type SignalsAccepted } from '@millrace/protocol';
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
import { Controller, Headers, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { AcceptSignalsHandler } from './accept-signals.handler';
import { IntakeBudgetGuard } from './intake-budget.guard';
import { NDJSON_TYPES } from './read-signal-request';

@Controller('v1/signals')
export class SignalsController {
  constructor(@Inject(AcceptSignalsHandler) private readonly handler: AcceptSignalsHandler) {}

  @Post()
  @HttpCode(202)
  @RequireScope('machines:write')
  @UseGuards(IntakeBudgetGuard)
  @BodyLimit(SIGNALS_LIMITS.requestBytes)
  @ContentTypes('application/json', ...NDJSON_TYPES)
  async accept(
    @CurrentTenant() tenant: string,
    @RawBody() body: Buffer,
    @Headers('content-type') contentType: string | undefined,
    @IdempotencyKey() idempotencyKey: string | null,
    @CurrentTrace() trace: TraceContext,
  ): Promise<SignalsAccepted> {
    const answer = await this.handler.accept({
      tenant,
      body,
      contentType,
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
