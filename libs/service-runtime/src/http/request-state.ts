import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ActiveSpan } from '@millrace/telemetry';
import type { ApiPrincipal } from '../auth/api-key-directory';
import type { IdempotencyScope } from '../idempotency/idempotency-scope';

/** What a guard says of the body of a request that it lets in, in the place of what the route says of all bodies. */
export interface BodyTerms {
  /** Bytes. */
  readonly limit: number;
  /** Until the last byte of it, ms. */
  readonly withinMs: number;
  /** False: read as any other, but not held. It is a stranger's, who is not to learn that he is one. */
  readonly kept: boolean;
}

/** What the runtime knows of a request beside its HTTP. */
export interface RequestState {
  readonly requestId: string;
  readonly span: ActiveSpan;
  principal: ApiPrincipal | null;
  /** The body as it came; null until the guard has let the request in. */
  body: Buffer | null;
  /** Null: what the route says. */
  bodyTerms: BodyTerms | null;
  idempotency: IdempotencyScope | null;
}

const STATE = Symbol('millrace request');

/** The members of Express' request that the runtime uses. */
export interface HttpRequest extends IncomingMessage {
  readonly originalUrl: string;
  readonly path: string;
  readonly query: { readonly [name: string]: unknown };
  readonly params: { readonly [name: string]: string };
  readonly route?: { readonly path?: unknown };
  [STATE]?: RequestState;
}
export type HttpResponse = ServerResponse;

export const attachState = (request: HttpRequest, state: RequestState): void => {
  request[STATE] = state;
};

export const stateOf = (request: HttpRequest): RequestState => {
  const state = request[STATE];
  if (state === undefined) throw new Error('The request did not come through the runtime.');
  return state;
};

export const stateIfAny = (request: HttpRequest): RequestState | undefined => request[STATE];

/** The route's pattern, never the path itself: it is a metric label. */
export const routeOf = (request: HttpRequest): string =>
  typeof request.route?.path === 'string' ? request.route.path : 'none';
