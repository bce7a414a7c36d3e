import { MillraceAnswerError, MillraceApiError, MillraceNetworkError, MillraceTimeoutError } from './errors';
import { type AnswerKind, readAnswer } from './read-answer';
import { type RetryOptions, waitBeforeRetry } from './retry-rule';

/** The part of `fetch` that is used; the global one fits, and so does undici's. */
export type FetchLike = (
  url: string,
  init: {
    method: string;
    headers: { [name: string]: string };
    body?: string;
    signal: AbortSignal;
    redirect: 'manual';
  },
) => Promise<{
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}>;

/** Everything of the world that calls depend on. */
export interface Effects {
  readonly fetch: FetchLike;
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** For Idempotency-Keys. */
  readonly newId: () => string;
  /** Rejects with the signal's reason when it is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface CallOptions {
  /** Ends the call, its waits included; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Of one attempt, in ms. */
  readonly timeoutMs?: number | undefined;
  readonly maxRetries?: number | undefined;
  /** Of a POST; one is made when it is absent. Repeat a call with the key of the one that failed, and it has the effect of one. */
  readonly idempotencyKey?: string | undefined;
}

export type QueryValues = { readonly [name: string]: string | number | boolean | Date | undefined };

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the base address, with its parts encoded. */
  readonly path: string;
  readonly query?: QueryValues | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** A body that is text already, and its media type. */
  readonly text?: { readonly body: string; readonly contentType: string } | undefined;
  readonly answer?: AnswerKind | undefined;
  /** Statuses that are an answer although they are no success. */
  readonly alsoAnswers?: readonly number[] | undefined;
}

export interface TransportSettings extends RetryOptions {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly timeoutMs: number;
  readonly headers: { readonly [name: string]: string };
}

const queryText = (values: QueryValues = {}): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined) query.append(name, value instanceof Date ? value.toISOString() : String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
};

/** One call: attempts until one is answered, each with a time-out, with waits between them. */
export class Transport {
  constructor(
    private readonly settings: TransportSettings,
    private readonly effects: Effects,
  ) {}

  async call<Answer>(call: Call, options: CallOptions = {}): Promise<Answer> {
    const { random, sleep } = this.effects;
    const retries: RetryOptions = {
      maxRetries: options.maxRetries ?? this.settings.maxRetries,
      maxRetryAfterSeconds: this.settings.maxRetryAfterSeconds,
    };
    const headers = this.headersOf(call, options);
    for (let retry = 0; ; retry++) {
      options.signal?.throwIfAborted();
      try {
        return (await this.attempt(call, headers, options)) as Answer;
      } catch (error) {
        options.signal?.throwIfAborted();
        // The attempt before this one has deleted it, and its answer was lost.
        const gone = error instanceof MillraceApiError && error.status === 404;
        if (call.method === 'DELETE' && retry > 0 && gone) return undefined as Answer;
        const wait = waitBeforeRetry(error, retry, retries, random);
        if (wait === null) throw error;
        await sleep(wait, options.signal);
      }
    }
  }

  private headersOf(call: Call, options: CallOptions): { [name: string]: string } {
    const contentType = call.text?.contentType ?? (call.body === undefined ? null : 'application/json');
    return {
      ...this.settings.headers,
      accept: call.answer === 'text' ? '*/*' : 'application/json, application/problem+json',
      ...(this.settings.apiKey === null ? {} : { authorization: `Bearer ${this.settings.apiKey}` }),
      ...(contentType === null ? {} : { 'content-type': contentType }),
      // The same on every attempt: that is what makes a POST safe to repeat.
      ...(call.method === 'POST' ? { 'idempotency-key': options.idempotencyKey ?? this.effects.newId() } : {}),
    };
  }

  private async attempt(call: Call, headers: { [name: string]: string }, options: CallOptions): Promise<unknown> {
    const name = `${call.method} ${call.path}`;
    const { baseUrl } = this.settings;
    const timeoutMs = options.timeoutMs ?? this.settings.timeoutMs;
    const body = call.text?.body ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    const ended = new AbortController();
    const end = () => ended.abort(options.signal?.reason);
    options.signal?.addEventListener('abort', end, { once: true });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      ended.abort();
    }, timeoutMs);
    try {
      const response = await this.effects.fetch(`${baseUrl}${call.path}${queryText(call.query)}`, {
        method: call.method,
        headers,
        ...(body === undefined ? {} : { body }),
        signal: ended.signal,
        redirect: 'manual',
      });
      const text = await response.text();
      const answer = { status: response.status, headers: response.headers, text };
      const kind = call.answer ?? 'json';
      return readAnswer(name, baseUrl, answer, kind, this.effects.now(), call.alsoAnswers);
    } catch (error) {
      if (error instanceof MillraceApiError || error instanceof MillraceAnswerError) throw error;
      if (timedOut) throw new MillraceTimeoutError(name, baseUrl, timeoutMs);
      throw new MillraceNetworkError(name, baseUrl, error);
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', end);
    }
  }
}
