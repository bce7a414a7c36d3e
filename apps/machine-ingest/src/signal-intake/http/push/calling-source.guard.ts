import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiProblem, LOGGER } from '@millrace/service-runtime';
import { type AuthenticationFailed, authenticationFailed, type Logger } from '@millrace/telemetry';
import { type CanActivate, createParamDecorator, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { HTTP_SOURCES, type HttpSource, type HttpSourceDirectory } from './http-source-directory';

/** What a request to a source's address carries: Express' own members. */
interface CallingRequest extends IncomingMessage {
  readonly params: { readonly [name: string]: string };
}

const calling = new WeakMap<IncomingMessage, HttpSource>();

export const ROUTE = 'v1/sources/in/:tenant/:name';

/** The path to which the peer of a source sends. */
export const addressOf = ({ tenant, name }: Pick<HttpSource, 'tenant' | 'name'>): string =>
  `/v1/sources/in/${encodeURIComponent(tenant)}/${encodeURIComponent(name)}`;

/**
 * Lets in who has the token of the source that the path names, before a byte of the body is read; who signs the body instead
 * is known only after it. A stranger learns nothing of which sources there are: all refusals are one.
 */
@Injectable()
export class CallingSourceGuard implements CanActivate {
  constructor(
    @Inject(HTTP_SOURCES) private readonly sources: HttpSourceDirectory,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<CallingRequest>();
    let caller = this.callerOf(request);
    if (typeof caller === 'string') {
      // its source, or its token, may have been made a moment ago, by another process too
      await this.sources.caughtUp();
      caller = this.callerOf(request);
    }
    if (typeof caller === 'string') throw this.stranger(request, caller);
    calling.set(request, caller);
    return true;
  }

  /** The source whose token came with the request, or why it is nobody's. */
  private callerOf(request: CallingRequest): HttpSource | AuthenticationFailed['reason'] {
    const source = this.sources.find(request.params['tenant'] ?? '', request.params['name'] ?? '');
    if (source === null) return 'unknown';
    const { settings } = source;
    if (settings.format === 'mes-events') return source;
    const given = /^Bearer +([!-~]{1,300}) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) return 'missing';
    return sameText(given, settings.token) ? source : 'wrong_secret';
  }

  private stranger(request: CallingRequest, reason: AuthenticationFailed['reason']): ApiProblem {
    authenticationFailed(this.logger, { reason, method: request.method ?? '', route: ROUTE });
    return notKnown();
  }
}

/** One text for all: a guesser learns nothing of which part was right. */
export const notKnown = (): ApiProblem =>
  new ApiProblem('unauthenticated', 'There is no such source, or its token or signature is another one.');

/** In a time that says nothing about where they differ, whatever their lengths. */
const sameText = (a: string, b: string): boolean => {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

/** The {@link HttpSource} whose peer sent the request. */
export const CallingSource = createParamDecorator((_: unknown, context: ExecutionContext): HttpSource => {
  const source = calling.get(context.switchToHttp().getRequest<IncomingMessage>());
  if (source === undefined) throw new Error('The route has no CallingSourceGuard.');
  return source;
});
