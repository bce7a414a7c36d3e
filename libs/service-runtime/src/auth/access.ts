import type { Scope } from '@millrace/protocol';
import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { stateOf } from '../http/request-state';
import type { ApiPrincipal } from './api-key-directory';

/** What a route demands of its caller. A route that says nothing is refused to everybody. */
export type Access = { readonly kind: 'public' } | { readonly kind: 'scope'; readonly scope: Scope };

export const ACCESS = Symbol('millrace access');

/** On a handler or its controller: an API key with this scope is needed (`admin` stands for all). */
export const RequireScope = (scope: Scope) => SetMetadata(ACCESS, { kind: 'scope', scope } satisfies Access);

/** The body of a 403 for a missing scope, where the documents of a compatible API show one of their own. */
export type ScopeRefusalBody = (required: readonly string[], provided: readonly string[]) => object;
export const SCOPE_REFUSAL = Symbol('millrace scope refusal');
export const ScopeRefusal = (body: ScopeRefusalBody) => SetMetadata(SCOPE_REFUSAL, body);

/** Answers anybody. */
export const Public = () => SetMetadata(ACCESS, { kind: 'public' } satisfies Access);

const principalOf = (context: ExecutionContext): ApiPrincipal => {
  const { principal } = stateOf(context.switchToHttp().getRequest());
  if (principal === null) throw new Error('A public route has no tenant.');
  return principal;
};

/** The tenant that the request acts for: a string. */
export const CurrentTenant = createParamDecorator(
  (_: unknown, context: ExecutionContext) => principalOf(context).tenant,
);

/** The {@link ApiPrincipal} of the request. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext) => principalOf(context));
