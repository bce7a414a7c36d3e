import { type IdempotencyStore, requestHash } from '@millrace/postgres';
import {
  type CallHandler,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { from, lastValueFrom, type Observable, of } from 'rxjs';
import { ApiProblem } from '../http/api-problem';
import { type HttpRequest, type HttpResponse, stateOf } from '../http/request-state';
import { IDEMPOTENCY } from '../tokens';
import { IdempotencyScope } from './idempotency-scope';

const KEY = /^[!-~]{1,255}$/;

/**
 * Idempotency-Key on every POST of a service that provides an IdempotencyStore. Only successes are kept: after a refusal
 * the same key may be used for the corrected request. A handler that changes the database stores its response in its
 * transaction through @CurrentIdempotency(); otherwise it is stored after the handler.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private store: IdempotencyStore | null | undefined;

  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const http = context.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined) return next.handle();
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw new ApiProblem('invalid_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters.', {
        errors: [{ path: 'Idempotency-Key', detail: 'It must be 1 to 255 printable ASCII characters.' }],
      });
    }
    const store = this.findStore();
    const state = stateOf(request);
    if (store === null || state.principal === null) return next.handle();

    const route = `POST ${request.path}`;
    const decision = await store.begin({
      tenant: state.principal.tenant,
      key,
      route,
      requestHash: requestHash(route, JSON.stringify(request.query), state.body ?? ''),
    });
    const response = http.getResponse<HttpResponse>();
    switch (decision.kind) {
      case 'replay':
        response.statusCode = decision.response.status;
        response.setHeader('idempotency-replayed', 'true');
        return of(decision.response.body);
      case 'conflict':
        throw new ApiProblem('idempotency_conflict', 'The Idempotency-Key was used with another request before.');
      case 'in_progress':
        throw new ApiProblem('conflict', 'The first request with this Idempotency-Key is still under way.', {
          headers: { 'retry-after': '1' },
        });
      case 'proceed':
        state.idempotency = new IdempotencyScope(store, decision.claim);
        return from(this.carryOut(state.idempotency, next, response));
    }
  }

  private async carryOut(scope: IdempotencyScope, next: CallHandler, response: HttpResponse): Promise<unknown> {
    let body: unknown;
    try {
      body = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      if (!scope.stored) await scope.release().catch(() => {});
      throw error;
    }
    if (!scope.stored) await scope.complete({ status: response.statusCode, body });
    return body;
  }

  private findStore(): IdempotencyStore | null {
    if (this.store === undefined) {
      try {
        this.store = this.modules.get<IdempotencyStore>(IDEMPOTENCY, { strict: false });
      } catch {
        this.store = null;
      }
    }
    return this.store;
  }
}

/** The {@link IdempotencyScope} of the request, or null when it carries no Idempotency-Key. */
export const CurrentIdempotency = createParamDecorator(
  (_: unknown, context: ExecutionContext) => stateOf(context.switchToHttp().getRequest<HttpRequest>()).idempotency,
);
