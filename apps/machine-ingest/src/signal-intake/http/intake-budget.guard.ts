import type { IncomingMessage, ServerResponse } from 'node:http';
import { SIGNALS_LIMITS } from '@millrace/protocol';
import { ApiProblem } from '@millrace/service-runtime';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { IntakeBudget } from './intake-budget';

/** After so many seconds a request that found no room may come again. */
export const OVERLOAD_RETRY_SECONDS = 1;

/** Takes room for a body before a byte of it is read, and gives it back when the request is answered or gone. */
@Injectable()
export class IntakeBudgetGuard implements CanActivate {
  constructor(@Inject(IntakeBudget) private readonly budget: IntakeBudget) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage>();
    holdUntilAnswered(http.getResponse(), this.budget.take(announcedBytes(request, SIGNALS_LIMITS.requestBytes)));
    return true;
  }
}

/** @param giveBack null where there was no room: the caller is told to come again */
export const holdUntilAnswered = (response: ServerResponse, giveBack: (() => void) | null): void => {
  if (giveBack === null)
    throw new ApiProblem(
      'rate_limited',
      'More signals are under way than this process holds. Send the request again.',
      {
        headers: { 'retry-after': String(OVERLOAD_RETRY_SECONDS) },
      },
    );
  response.once('close', giveBack);
};

/** A body that does not say its length may be as long as one may be; one that is too long is refused unread. */
export const announcedBytes = ({ headers }: IncomingMessage, most: number): number => {
  const announced = Number(headers['content-length']);
  return Number.isSafeInteger(announced) && announced >= 0 && announced <= most ? announced : most;
};
