import { BufferFull, ProduceFailed } from '@millrace/kafka';
import { ClaimLost, isDatabaseUnavailable, isUnstorableValue, NotPublished } from '@millrace/postgres';
import type { ProblemCode } from '@millrace/protocol';
import { HttpException } from '@nestjs/common';
import { ApiProblem, unavailable } from './api-problem';

const CODE_OF_STATUS: { readonly [status: number]: ProblemCode } = {
  401: 'unauthenticated',
  403: 'insufficient_scope',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  503: 'unavailable',
};

/**
 * What a request is answered with after `error`. `unexpected` marks our own defects: they are logged with their stack and
 * answered with 500 and nothing about the cause.
 */
export const toProblem = (error: unknown): { problem: ApiProblem; unexpected: boolean } => {
  const expected = (problem: ApiProblem) => ({ problem, unexpected: false });
  if (error instanceof ApiProblem) return expected(error);
  if (error instanceof NotPublished) return expected(unavailable(error.message));
  // a message that the broker refuses for what it is should have been refused by us: that is a defect, not an outage
  if ((error instanceof ProduceFailed && error.retriable) || error instanceof BufferFull) {
    return expected(unavailable('The event log cannot take this now. Nothing was accepted; send it again.'));
  }
  if (error instanceof ClaimLost) return expected(new ApiProblem('conflict', error.message));
  if (isDatabaseUnavailable(error)) return expected(unavailable('The database cannot answer now; try again.'));
  if (isUnstorableValue(error)) {
    return expected(new ApiProblem('invalid_request', 'A value of the request cannot be stored.'));
  }
  if (error instanceof HttpException && error.getStatus() < 500) {
    if (error.cause instanceof URIError) {
      return expected(new ApiProblem('not_found', 'The path holds a percent sign that encodes nothing.'));
    }
    return expected(new ApiProblem(CODE_OF_STATUS[error.getStatus()] ?? 'invalid_request', error.message));
  }
  return {
    problem: new ApiProblem(
      'internal',
      'Something went wrong on our side. The trace id leads to the cause in our log.',
    ),
    unexpected: true,
  };
};
