import type { Problem, ProblemCode } from '@millrace/protocol';
import { ApiProblem } from '../http/api-problem';

/** Seconds after which a client may try again what Kafka has not acknowledged. */
const RETRY_AFTER = '2';

/** A request that is answered with problem details; `code` and `detail` are the client's to read. */
export class Refused extends ApiProblem {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    errors?: Problem['errors'],
  ) {
    super(code, detail, {
      ...(errors === undefined ? {} : { errors }),
      ...(code === 'unavailable' ? { headers: { 'retry-after': RETRY_AFTER } } : {}),
    });
  }
}
