import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { BODY_LIMIT, CONTENT_TYPES } from './body-decorators';
import { checkBodyHeaders, DEFAULT_BODY_LIMIT, JSON_TYPES, readBody } from './read-body';
import { type HttpRequest, stateOf } from './request-state';

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Reads the body after the guards have let the request in. Of routes that ask for an API key nobody without one makes us hold
 * bytes; where a guard lets in whom only the body can prove (a signature over it), its terms bound what a stranger may send.
 */
@Injectable()
export class BodyInterceptor implements NestInterceptor {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    if (WITH_BODY.has(request.method ?? '')) {
      const where = [context.getHandler(), context.getClass()];
      const state = stateOf(request);
      const terms = state.bodyTerms;
      const limit =
        terms?.limit ?? this.reflector.getAllAndOverride<number | undefined>(BODY_LIMIT, where) ?? DEFAULT_BODY_LIMIT;
      const types = this.reflector.getAllAndOverride<readonly string[] | undefined>(CONTENT_TYPES, where) ?? JSON_TYPES;
      checkBodyHeaders(request, types, limit);
      state.body = await readBody(request, limit, terms ?? {});
    }
    return next.handle();
  }
}
