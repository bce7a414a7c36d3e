import type { ProblemCode, ProblemMember } from './types/problem';

/** Everything that a call can fail with, except for its own `signal` (whose reason is thrown) and wrong options (TypeError). */
export abstract class MillraceError extends Error {
  /** The call, `POST /v1/endpoints`. */
  abstract readonly call: string;
}

export interface RefusedCall {
  readonly call: string;
  readonly status: number;
  readonly code: ProblemCode | (string & {});
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly ProblemMember[];
  readonly traceId: string | null;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
  readonly required: string | readonly string[] | null;
  readonly provided: readonly string[] | null;
}

/** Millrace refused the call, and says why by a stable `code`. */
export class MillraceApiError extends MillraceError implements RefusedCall {
  override readonly name = 'MillraceApiError';
  readonly call: string;
  readonly status: number;
  readonly code: ProblemCode | (string & {});
  readonly title: string;
  /** What was wrong, where, and what to do. */
  readonly detail: string;
  /** One entry for each member of the request that was wrong. */
  readonly errors: readonly ProblemMember[];
  /** Leads to the cause in the log of the server. */
  readonly traceId: string | null;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
  /** Of `insufficient_scope` in the API of eClips: the scope that the key lacks, and those that it has. */
  readonly required: string | readonly string[] | null;
  readonly provided: readonly string[] | null;

  constructor(refused: RefusedCall) {
    const members = refused.errors.map(({ path, detail }) => `${path || '(the body)'} ${detail}`).join('; ');
    super(
      `${refused.call}: ${refused.detail || refused.title}${members && ` ${members}`} (${refused.status} ${refused.code})`,
    );
    this.call = refused.call;
    this.status = refused.status;
    this.code = refused.code;
    this.title = refused.title;
    this.detail = refused.detail;
    this.errors = refused.errors;
    this.traceId = refused.traceId;
    this.requestId = refused.requestId;
    this.retryAfterSeconds = refused.retryAfterSeconds;
    this.required = refused.required;
    this.provided = refused.provided;
  }
}

/** No answer: the name does not resolve, nobody listens, the connection broke. `cause` has what `fetch` said. */
export class MillraceNetworkError extends MillraceError {
  override readonly name = 'MillraceNetworkError';
  constructor(
    readonly call: string,
    readonly url: string,
    override readonly cause: unknown,
  ) {
    super(`${call}: no answer from ${url}: ${reasonOf(cause)}`);
  }
}

/** No complete answer within `timeoutMs`. A POST may have been carried out all the same. */
export class MillraceTimeoutError extends MillraceError {
  override readonly name = 'MillraceTimeoutError';
  constructor(
    readonly call: string,
    readonly url: string,
    readonly timeoutMs: number,
  ) {
    super(`${call}: no answer from ${url} within ${timeoutMs} ms`);
  }
}

/** An answer that is not Millrace's: a proxy's page, a redirect, another server at this address. */
export class MillraceAnswerError extends MillraceError {
  override readonly name = 'MillraceAnswerError';
  constructor(
    readonly call: string,
    readonly url: string,
    readonly status: number,
    readonly contentType: string | null,
    /** The first characters of the body, for people. */
    readonly bodyStart: string,
    readonly retryAfterSeconds: number | null,
  ) {
    const what =
      status === 0 || (status >= 300 && status < 400) ? 'a redirect' : (contentType ?? 'an answer without a type');
    super(`${call}: ${url} answered ${status} with ${what} instead of JSON; is it the address of Millrace?`);
  }
}

/** `fetch failed` says nothing; its causes do. */
const reasonOf = (cause: unknown): string => {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (!(inner instanceof Error)) return String(inner);
  const { code } = inner as { code?: unknown };
  return inner.message || (typeof code === 'string' ? code : inner.name);
};
