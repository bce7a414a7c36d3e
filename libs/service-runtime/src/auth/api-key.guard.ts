import { grants } from '@millrace/protocol';
import { type AuthenticationFailed, authenticationFailed, type Logger } from '@millrace/telemetry';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiProblem } from '../http/api-problem';
import { type HttpRequest, routeOf, stateOf } from '../http/request-state';
import { API_KEYS, LOGGER } from '../tokens';
import { ACCESS, type Access, SCOPE_REFUSAL, type ScopeRefusalBody } from './access';
import type { ApiKeyDirectory } from './api-key-directory';

/** Refuses whatever is not expressly allowed: by scope, or by @Public. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(API_KEYS) private readonly keys: ApiKeyDirectory,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access?.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const state = stateOf(request);
    const refuse = (reason: AuthenticationFailed['reason'], keyId?: string) =>
      authenticationFailed(this.logger, {
        reason,
        keyId,
        method: request.method ?? '',
        route: routeOf(request),
        traceId: state.span.context.traceId,
      });

    const text = /^Bearer +([!-~]{1,300}) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (text === undefined) {
      refuse(request.headers.authorization === undefined ? 'missing' : 'malformed');
      throw unauthenticated('The request needs the header Authorization: Bearer <API key>.');
    }
    const authentication = await this.keys.authenticate(text);
    if (authentication.kind === 'refused') {
      refuse(authentication.reason, authentication.keyId);
      // one text for all: a guesser learns nothing of which part was right
      throw unauthenticated('The API key does not exist, was revoked, or has expired.');
    }
    const { principal } = authentication;
    if (access === undefined) {
      throw new Error(`${context.getClass().name}.${context.getHandler().name} does not say whom it answers.`);
    }
    if (!grants(principal.scopes, access.scope)) {
      refuse('scope', principal.keyId);
      const refusal = this.reflector.getAllAndOverride<ScopeRefusalBody | undefined>(SCOPE_REFUSAL, [
        context.getHandler(),
        context.getClass(),
      ]);
      const required = [access.scope];
      const provided = [...principal.scopes];
      throw new ApiProblem('insufficient_scope', `The API key lacks the scope ${access.scope}.`, {
        members: { required, provided },
        ...(refusal === undefined ? {} : { instead: refusal(required, provided) }),
      });
    }
    state.principal = principal;
    return true;
  }
}

const unauthenticated = (detail: string): ApiProblem =>
  new ApiProblem('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer realm="millrace"' } });
