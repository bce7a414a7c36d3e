import { type MessageReceipt, SIGNALS_LIMITS } from '@millrace/protocol';
import {
  ApiProblem,
  BodyLimit,
  ContentTypes,
  CurrentTrace,
  IdempotencyKey,
  LOGGER,
  Public,
  RawBody,
} from '@millrace/service-runtime';
import { authenticationFailed, formatTraceparent, type Logger, type TraceContext } from '@millrace/telemetry';
import { Controller, Headers, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { CallingSource, CallingSourceGuard, notKnown, ROUTE } from './calling-source.guard';
import type { HttpSource } from './http-source-directory';
import { MES_SIGNATURE_HEADER } from './mes-message';
import { MessageBudgetGuard } from './message-budget.guard';
import { ReceiveMessageHandler } from './receive-message.handler';

/** Where an Eclipse Pro, an MES or a gateway sends to: its own token or signature stands for an API key that it cannot send. */
@Controller(ROUTE)
export class MessagesController {
  constructor(
    @Inject(ReceiveMessageHandler) private readonly handler: ReceiveMessageHandler,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Exactly 200: the MES takes no other for an answer. */
  @Post()
  @HttpCode(200)
  @Public()
  @UseGuards(CallingSourceGuard, MessageBudgetGuard)
  @BodyLimit(SIGNALS_LIMITS.requestBytes)
  @ContentTypes('*/*')
  async receive(
    @CallingSource() source: HttpSource | null,
    @RawBody() body: Buffer,
    @Headers('content-type') contentType: string | undefined,
    @Headers(MES_SIGNATURE_HEADER) signature: string | undefined,
    @IdempotencyKey() idempotencyKey: string | null,
    @CurrentTrace() trace: TraceContext,
  ): Promise<MessageReceipt> {
    if (source === null) throw this.stranger();
    const answer = await this.handler.receive({
      source,
      body,
      contentType,
      signature,
      idempotencyKey,
      traceparent: formatTraceparent(trace),
    });
    if (answer.kind === 'received') return answer.body;
    if (answer.kind === 'unsigned') throw this.stranger();
    const { problem, retryAfterSeconds } = answer;
    throw new ApiProblem(problem.code, problem.detail, {
      errors: problem.errors,
      ...(retryAfterSeconds === undefined ? {} : { headers: { 'retry-after': String(retryAfterSeconds) } }),
    });
  }

  private stranger(): ApiProblem {
    authenticationFailed(this.logger, { reason: 'wrong_secret', method: 'POST', route: ROUTE });
    return notKnown();
  }
}
