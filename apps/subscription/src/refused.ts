import type { Problem, ProblemCode } from '@millrace/protocol';

/** A request that is answered with problem details; `code` and `detail` are the client's to read. */
export class Refused extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly errors?: Problem['errors'],
  ) {
    super(detail);
  }
}
