import { MillraceAnswerError, MillraceApiError } from './errors';
import type { ProblemCode, ProblemMember } from './types/problem';

/** The answer of an HTTP server, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

export type AnswerKind = 'json' | 'text' | 'none';

const BODY_START = 300;

/** What a status stands for where the body names no code: the compatible APIs, and what stands between. */
const CODE_OF_STATUS: { readonly [status: number]: ProblemCode } = {
  400: 'invalid_request',
  401: 'unauthenticated',
  403: 'insufficient_scope',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  413: 'too_large',
  415: 'unsupported_media_type',
  422: 'invalid_request',
  429: 'rate_limited',
  500: 'internal',
  503: 'unavailable',
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textIn = (object: { readonly [name: string]: unknown }, name: string): string | null => {
  const value = Object.hasOwn(object, name) ? object[name] : null;
  return typeof value === 'string' ? value : null;
};

const textsIn = (value: unknown): string[] | null =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : null;

const membersIn = (value: unknown): ProblemMember[] =>
  (Array.isArray(value) ? value : []).filter(isObject).map((each) => {
    const code = textIn(each, 'code');
    return {
      path: textIn(each, 'path') ?? '',
      detail: textIn(each, 'detail') ?? '',
      ...(code === null ? {} : { code }),
    };
  });

/** `Retry-After` in seconds: a number of them, or a date; null when there is none that can be read. */
export const retryAfterSeconds = (header: string | null, now: number): number | null => {
  if (header === null) return null;
  if (/^\d{1,10}$/.test(header.trim())) return Number(header.trim());
  // Without the zone an RFC 9110 date ends with, this would be any text that a date parser guesses something of.
  if (!/GMT$/i.test(header.trim())) return null;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
};

const refusal = (call: string, answer: HttpAnswer, body: { readonly [name: string]: unknown }, now: number) => {
  const { status } = answer;
  const required = Object.hasOwn(body, 'required') ? body['required'] : null;
  return new MillraceApiError({
    call,
    status,
    code: textIn(body, 'code') ?? CODE_OF_STATUS[status] ?? `http_${status}`,
    title: textIn(body, 'title') ?? textIn(body, 'error') ?? `Status ${status}`,
    detail: textIn(body, 'detail') ?? textIn(body, 'error') ?? textIn(body, 'message') ?? '',
    errors: membersIn(body['errors']),
    traceId: textIn(body, 'traceId'),
    requestId: answer.headers.get('x-request-id') ?? answer.headers.get('millrace-request-id'),
    retryAfterSeconds: retryAfterSeconds(answer.headers.get('retry-after'), now),
    required: typeof required === 'string' ? required : textsIn(required),
    provided: textsIn(Object.hasOwn(body, 'provided') ? body['provided'] : null),
  });
};

/**
 * What an answer says: its JSON, its text, or nothing. Pure.
 *
 * @throws MillraceApiError for what Millrace refused, MillraceAnswerError for what cannot be its answer.
 */
export const readAnswer = (
  call: string,
  url: string,
  answer: HttpAnswer,
  kind: AnswerKind,
  now: number,
  alsoAnswers: readonly number[] = [],
): unknown => {
  const { status, headers, text } = answer;
  const succeeded = (status >= 200 && status < 300) || alsoAnswers.includes(status);
  if (succeeded && kind === 'none') return undefined;
  if (succeeded && kind === 'text') return text;
  const body = parsed(text);
  if (succeeded && body !== undefined) return body;
  if (status >= 400 && isObject(body)) throw refusal(call, answer, body, now);
  throw new MillraceAnswerError(
    call,
    url,
    status,
    headers.get('content-type'),
    text.slice(0, BODY_START),
    retryAfterSeconds(headers.get('retry-after'), now),
  );
};
