import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiProblem, LOGGER } from '@millrace/service-runtime';
import { type AuthenticationFailed, authenticationFailed, type Logger } from '@millrace/telemetry';
import { type CanActivate, createParamDecorator, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { HTTP_SOURCES, type HttpSource, type HttpSourceDirectory } from './http-source-directory';
import { isMesSignature, MES_SIGNATURE_HEADER } from './mes-message';

/** What a request to a source's address carries: Express' own members. */
interface CallingRequest extends IncomingMessage {
  readonly params: { readonly [name: string]: string };
}

/** Who sends a message, as far as that is known before its body. */
export type Caller =
  /** Its token came with the request. */
  | { readonly kind: 'known'; readonly source: HttpSource }
  /** Has a signature, of which only the body shows whether it is right; null: there is nobody whose it could be. */
  | { readonly kind: 'signed'; readonly source: HttpSource | null; readonly address: string };

const calling = new WeakMap<IncomingMessage, Caller>();

export const ROUTE = 'v1/sources/in/:tenant/:name';

/** The path to which the peer of a source sends. */
export const addressOf = ({ tenant, name }: Pick<HttpSource, 'tenant' | 'name'>): string =>
  `/v1/sources/in/${encodeURIComponent(tenant)}/${encodeURIComponent(name)}`;

/**
 * Lets in who has the token of the source that the path names, before a byte of the body is read. Who signs the body instead
 * is known only after it, and is let in with anything that has the form of a signature. A stranger learns nothing of which
 * sources there are: all refusals are one and at the same point, so with a signature the body is read whether the source is
 * there or not.
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
    if (typeof caller === 'string' || caller.kind === 'signed') {
      // its source, its token or its secret may have been made a moment ago, by another process too; of what is signed all
      // wait for it, or the wait would tell that there is nobody
      await this.sources.caughtUp();
      caller = this.callerOf(request);
    }
    if (typeof caller === 'string') throw this.stranger(request, caller);
    calling.set(request, caller);
    return true;
  }

  /** Or why it is nobody. */
  private callerOf(request: CallingRequest): Caller | AuthenticationFailed['reason'] {
    const [tenant, name] = [request.params['tenant'] ?? '', request.params['name'] ?? ''];
    const source = this.sources.find(tenant, name);
    const given = /^Bearer +([!-~]{1,300}) *$/i.exec(request.headers.authorization ?? '')?.[1];
    const signs = source?.settings.format === 'mes-events';
    const token = source === null || source.settings.format === 'mes-events' ? null : source.settings.token;
    if (source !== null && token !== null && given !== undefined && sameText(given, token))
      return { kind: 'known', source };
    if (isMesSignature(request.headers[MES_SIGNATURE_HEADER]))
      return { kind: 'signed', source: signs ? source : null, address: addressOf({ tenant, name }) };
    if (source === null) return 'unknown';
    return signs || given === undefined ? 'missing' : 'wrong_secret';
  }

  private stranger(request: CallingRequest, reason: AuthenticationFailed['reason']): ApiProblem {
    authenticationFailed(this.logger, { reason, method: request.method ?? '', route: ROUTE });
    return notKnown();
  }
}

/** One text for all: a guesser learns nothing of which part was right. */
export const notKnown = (): ApiProblem =>
  new ApiProblem('source_unauthenticated', 'There is no such source, or its token or signature is another one.');

/** In a time that says nothing about where they differ, whatever their lengths. */
const sameText = (a: string, b: string): boolean => {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
};

export const callerOf = (request: IncomingMessage): Caller => {
  const caller = calling.get(request);
  if (caller === undefined) throw new Error('The route has no CallingSourceGuard.');
  return caller;
};

/** The {@link HttpSource} whose peer sent the request; null where it cannot be any. */
export const CallingSource = createParamDecorator(
  (_: unknown, context: ExecutionContext): HttpSource | null =>
    callerOf(context.switchToHttp().getRequest<IncomingMessage>()).source,
);
