import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { z } from 'zod';
import { readJson } from './json';
import { parseBody, parseQuery } from './parse';
import { type BodyTerms, type HttpRequest, stateOf } from './request-state';

export const BODY_LIMIT = Symbol('millrace body limit');
export const CONTENT_TYPES = Symbol('millrace content types');

/** Bytes that the route takes; 256 KiB otherwise. */
export const BodyLimit = (bytes: number) => SetMetadata(BODY_LIMIT, bytes);

/** Media types that the route takes, lower case; `application/json` alone otherwise. A star-slash-star takes all. */
export const ContentTypes = (...types: string[]) => SetMetadata(CONTENT_TYPES, types);

/** For guards, which run before a byte of the body is read. */
export const setBodyTerms = (request: IncomingMessage, terms: BodyTerms): void => {
  stateOf(request as HttpRequest).bodyTerms = terms;
};

const bodyOf = (context: ExecutionContext): Buffer =>
  stateOf(context.switchToHttp().getRequest<HttpRequest>()).body ?? Buffer.alloc(0);

/** The bytes of the body as they came: a Buffer. */
export const RawBody = createParamDecorator((_: unknown, context: ExecutionContext) => bodyOf(context));

/** The body as JSON by the schema: 400 when it is not JSON, 422 when it does not fit. An empty body is 400. */
export const JsonBody = <T>(schema: z.ZodType<T>): ParameterDecorator =>
  createParamDecorator((_: unknown, context: ExecutionContext) => parseBody(schema, readJson(bodyOf(context))))();

/** As {@link JsonBody}, but an empty body reads as `{}`. */
export const OptionalJsonBody = <T>(schema: z.ZodType<T>): ParameterDecorator =>
  createParamDecorator((_: unknown, context: ExecutionContext) => {
    const body = bodyOf(context);
    return parseBody(schema, body.length === 0 ? {} : readJson(body));
  })();

/** The query by the schema, 422 when it does not fit. */
export const ParsedQuery = <T>(schema: z.ZodType<T>): ParameterDecorator =>
  createParamDecorator((_: unknown, context: ExecutionContext) =>
    parseQuery(schema, context.switchToHttp().getRequest<HttpRequest>().query),
  )();

/** The {@link TraceContext} of the request's span: the parent of whatever it causes. */
export const CurrentTrace = createParamDecorator(
  (_: unknown, context: ExecutionContext) => stateOf(context.switchToHttp().getRequest<HttpRequest>()).span.context,
);

/** The client's Idempotency-Key, or null; for services that derive ids from it instead of storing responses. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const key = context.switchToHttp().getRequest<HttpRequest>().headers['idempotency-key'];
  return typeof key === 'string' ? key : null;
});
