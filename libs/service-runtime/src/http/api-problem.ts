import { type Problem, type ProblemCode, problem } from '@millrace/protocol';

export interface ProblemExtras {
  readonly errors?: Problem['errors'];
  /** Further members of the answer. */
  readonly members?: { readonly [name: string]: unknown };
  /** Lower-case names. */
  readonly headers?: { readonly [name: string]: string };
  /** Goes out in the place of problem details, where the documents of a compatible API show another shape. */
  readonly instead?: object;
}

/** Thrown anywhere in a request to answer it with a problem of the one list (`PROBLEMS` in @millrace/protocol). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly problem: Problem & { readonly [name: string]: unknown };
  readonly headers: { readonly [name: string]: string };
  readonly instead: object | null;

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.problem = { ...problem(code, detail, extras.errors), ...extras.members };
    this.headers = extras.headers ?? {};
    this.instead = extras.instead ?? null;
  }
}

/** The same request may succeed after some seconds. */
export const unavailable = (detail: string, retryAfterSeconds = 2): ApiProblem =>
  new ApiProblem('unavailable', detail, { headers: { 'retry-after': String(retryAfterSeconds) } });

export const notFound = (what: string): ApiProblem => new ApiProblem('not_found', `There is no such ${what}.`);
