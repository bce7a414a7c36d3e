import type { IncomingMessage, ServerResponse } from 'node:http';
import { SIGNALS_LIMITS } from '@millrace/protocol';
import { setBodyTerms } from '@millrace/service-runtime';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { IntakeBudget } from '../intake-budget';
import { announcedBytes, holdUntilAnswered } from '../intake-budget.guard';
import { callerOf } from './calling-source.guard';
import { SignedBudget } from './signed-budget';

/** Longest time that a message takes whose sender is not known yet, ms. */
const SIGNED_WITHIN_MS = 15_000;

/** Takes room for a message as IntakeBudgetGuard does, for a signed one where strangers take it from nobody else. */
@Injectable()
export class MessageBudgetGuard implements CanActivate {
  constructor(
    @Inject(IntakeBudget) private readonly budget: IntakeBudget,
    @Inject(SignedBudget) private readonly signed: SignedBudget,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage>();
    const response = http.getResponse<ServerResponse>();
    const caller = callerOf(request);
    if (caller.kind === 'known') {
      holdUntilAnswered(response, this.budget.take(announcedBytes(request, SIGNALS_LIMITS.requestBytes)));
      return true;
    }
    const limit = SIGNALS_LIMITS.signedBytes;
    const kept = caller.source !== null;
    holdUntilAnswered(response, this.signed.take(caller.address, announcedBytes(request, limit), kept));
    setBodyTerms(request, { limit, withinMs: SIGNED_WITHIN_MS, kept });
    return true;
  }
}
