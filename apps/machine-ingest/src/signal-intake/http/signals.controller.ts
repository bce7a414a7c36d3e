import { SIGNALS_LIMITS, type SignalsAccepted } from '@millrace/protocol';
import {
  ApiProblem,
  BodyLimit,
  CurrentTenant,
  CurrentTrace,
  IdempotencyKey,
  RawBody,
  RequireScope,
} from '@millrace/service-runtime';
import { formatTraceparent, type TraceContext } from '@millrace/telemetry';
import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { AcceptSignalsHandler } from './accept-signals.handler';

@Controller('v1/signals')
export class SignalsController {
  constructor(@Inject(AcceptSignalsHandler) private readonly handler: AcceptSignalsHandler) {}

  @Post()
  @HttpCode(202)
  @RequireScope('machines:write')
  @BodyLimit(SIGNALS_LIMITS.requestBytes)
  async accept(
    @CurrentTenant() tenant: string,
    @RawBody() body: Buffer,
    @IdempotencyKey() idempotencyKey: string | null,
    @CurrentTrace() trace: TraceContext,
  ): Promise<SignalsAccepted> {
    const answer = await this.handler.accept({ tenant, body, idempotencyKey, traceparent: formatTraceparent(trace) });
    if (answer.kind === 'accepted') return answer.body;
    const { problem, retryAfterSeconds } = answer;
    throw new ApiProblem(problem.code, problem.detail, {
      errors: problem.errors,
      ...(retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
    });
  }
}
