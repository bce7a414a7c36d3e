import fc from 'fast-check';
import { MillraceAnswerError, MillraceApiError, MillraceNetworkError, MillraceTimeoutError } from './errors';
import { Millrace, type MillraceOptions } from './millrace';
import { retryAfterSeconds } from './read-answer';
import { waitBeforeRetry } from './retry-rule';
import type { FetchLike } from './transport';

type Reply = { status: number; body?: unknown; headers?: { [name: string]: string } } | Error | 'hang';

const PROBLEM = { type: 'x', title: 'Temporarily unavailable', code: 'unavailable', detail: 'Later.', traceId: 'abc' };
const UNAVAILABLE: Reply = { status: 503, body: PROBLEM };

/** A server that gives these answers in turn, the last one again and again. */
const site = (replies: Reply[], options: Partial<MillraceOptions> = {}) => {
  const requests: { url: string; init: Parameters<FetchLike>[1] }[] = [];
  const slept: number[] = [];
  const fetch: FetchLike = (url, init) => {
    requests.push({ url, init });
    const reply = replies[Math.min(requests.length, replies.length) - 1] as Reply;
    if (reply === 'hang')
      return new Promise((_resolve, reject) => {
        init.signal.addEventListener('abort', () => reject(init.signal.reason));
      });
    if (reply instanceof Error) return Promise.reject(reply);
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {});
    return Promise.resolve({
      status: reply.status,
      headers: new Headers(reply.headers),
      text: () => Promise.resolve(text),
    });
  };
  let ids = 0;
  const millrace = new Millrace({
    url: 'https://site.example/base/',
    apiKey: 'mr_key',
    fetch,
    effects: {
      now: () => 0,
      random: () => 0,
      newId: () => `id-${++ids}`,
      sleep: async (ms, signal) => {
        slept.push(ms);
        signal?.throwIfAborted();
      },
    },
    ...options,
  });
  return { millrace, requests, slept };
};

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (answer) => Promise.reject(new Error(`It answered ${JSON.stringify(answer)}`)),
    (error: unknown) => error,
  );

describe('a call', () => {
  it('goes to the address below its path, with the key', async () => {
    const { millrace, requests } = site([{ status: 200, body: { id: 'ep/1' } }]);
    expect(await millrace.endpoints.get('ep/1 ?')).toEqual({ id: 'ep/1' });
    expect(requests[0]?.url).toBe('https://site.example/base/v1/endpoints/ep%2F1%20%3F');
    expect(requests[0]?.init).toMatchObject({ method: 'GET', redirect: 'manual' });
    expect(requests[0]?.init.headers).toEqual({
      accept: 'application/json, application/problem+json',
      authorization: 'Bearer mr_key',
    });
  });

  it('sends times as RFC 3339, and leaves out what is undefined', async () => {
    const { millrace, requests } = site([{ status: 200, body: { data: [], nextCursor: null } }]);
    await millrace.deliveries.list({ from: new Date(0), eventType: undefined, limit: 5 }).first();
    expect(requests[0]?.url).toBe('https://site.example/base/v1/deliveries?from=1970-01-01T00%3A00%3A00.000Z&limit=5');
  });

  it.each(['', '.', '..'])('refuses the id %j, which would be another call', (id) => {
    const { millrace, requests } = site([]);
    expect(() => millrace.endpoints.delete(id)).toThrow(TypeError);
    expect(requests).toEqual([]);
  });

  it.each<[string, Partial<MillraceOptions>, string]>([
    ['no address', { url: 'site' }, 'url is not an address: site. It is like https://millrace.example.com.'],
    ['no http://', { url: 'localhost:8095' }, 'url must begin with https:// or http://: write http://localhost:8095.'],
    [
      'no http:// either',
      { url: '10.0.0.5:80/x' },
      'url must begin with https:// or http://: write http://10.0.0.5:80/x.',
    ],
    ['another protocol', { url: 'ftp://site' }, 'url must begin with https:// or http://, not ftp://.'],
    ['a password', { url: 'https://a:b@site' }, 'url must not hold a user or a password: the key goes into apiKey.'],
    ['no key', { apiKey: undefined as unknown as string }, 'apiKey must be the text of an API key'],
    ['a key with a line break', { apiKey: 'mr_1\n' }, 'apiKey must be the text of an API key'],
    ['no time', { timeoutMs: 0 }, 'timeoutMs must be a whole number from 1 on, not 0.'],
    ['half a retry', { maxRetries: 0.5 }, 'maxRetries must be a whole number from 0 on, not 0.5.'],
  ])('cannot be made with %s', (_what, options, message) => {
    expect(() => site([], options)).toThrow(message);
  });
});

describe('what passes is tried again', () => {
  it('with doubling waits, and the same Idempotency-Key and body', async () => {
    const { millrace, requests, slept } = site([
      UNAVAILABLE,
      new TypeError('fetch failed'),
      UNAVAILABLE,
      { status: 202 },
    ]);
    await millrace.events.publish({ type: 'a.b', data: 1 });
    expect(slept).toEqual([250, 500, 1000]);
    expect(requests.map(({ init }) => [init.headers['idempotency-key'], init.body])).toEqual(
      Array.from({ length: 4 }, () => ['id-1', '{"type":"a.b","data":1}']),
    );
  });

  it('with a key of its own for each call, or the one that was given', async () => {
    const { millrace, requests } = site([{ status: 202 }]);
    await millrace.events.publish({ type: 'a.b', data: 1 });
    await millrace.events.publish({ type: 'a.b', data: 1 });
    await millrace.events.publish({ type: 'a.b', data: 1 }, { idempotencyKey: 'mine' });
    expect(requests.map(({ init }) => init.headers['idempotency-key'])).toEqual(['id-1', 'id-2', 'mine']);
  });

  it.each<[string, Reply, number]>([
    ['408', { status: 408 }, 4],
    ['429', { status: 429 }, 4],
    ['502 of a proxy', { status: 502, body: '<html>Bad gateway</html>' }, 4],
    ['503', UNAVAILABLE, 4],
    ['504', { status: 504, body: '' }, 4],
    ['no answer', new TypeError('fetch failed'), 4],
    ['409 of the same call under way', { status: 409, body: PROBLEM, headers: { 'retry-after': '1' } }, 4],
    ['409', { status: 409, body: PROBLEM }, 1],
    ['400', { status: 400 }, 1],
    ['401', { status: 401 }, 1],
    ['404', { status: 404 }, 1],
    ['422', { status: 422 }, 1],
    ['500', { status: 500 }, 1],
    ['200 that is no JSON', { status: 200, body: '<html>' }, 1],
    ['a redirect', { status: 302, body: '' }, 1],
  ])('%s', async (_what, reply, attempts) => {
    const { millrace, requests } = site([reply]);
    await failure(millrace.endpoints.get('ep_1'));
    expect(requests).toHaveLength(attempts);
  });

  it('not more often than asked', async () => {
    const { millrace, requests } = site([UNAVAILABLE], { maxRetries: 1 });
    await failure(millrace.endpoints.get('ep_1'));
    expect(requests).toHaveLength(2);
    await failure(millrace.endpoints.get('ep_1', { maxRetries: 0 }));
    expect(requests).toHaveLength(3);
  });

  it('after Retry-After, unless that is too long', async () => {
    const limited = (seconds: string): Reply => ({ status: 429, body: PROBLEM, headers: { 'retry-after': seconds } });
    const { millrace, slept } = site([limited('7'), limited('60'), limited('61')]);
    expect(await failure(millrace.endpoints.get('ep_1'))).toMatchObject({ status: 429, retryAfterSeconds: 61 });
    expect(slept).toEqual([7000, 60_000]);
  });

  it('and a DELETE whose answer was lost has succeeded when the next one finds nothing', async () => {
    const { millrace } = site([new TypeError('fetch failed'), { status: 404 }]);
    await expect(millrace.endpoints.delete('ep_1')).resolves.toBeUndefined();
    const first = site([{ status: 404 }]);
    expect(await failure(first.millrace.endpoints.delete('ep_1'))).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('waits at least what Retry-After says and never much more than its longest wait', () => {
    fc.assert(
      fc.property(
        fc.nat(12),
        fc.option(fc.nat(120)),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (retry, retryAfter, random) => {
          const error = new MillraceAnswerError('GET /', 'https://x', 503, null, '', retryAfter);
          const wait = waitBeforeRetry(error, retry, { maxRetries: 10, maxRetryAfterSeconds: 60 }, () => random);
          if (retry >= 10 || (retryAfter ?? 0) > 60) return expect(wait).toBeNull();
          expect(wait).toBeGreaterThanOrEqual((retryAfter ?? 0) * 1000);
          expect(wait).toBeGreaterThanOrEqual(125);
          expect(wait).toBeLessThanOrEqual(Math.max(8_000, (retryAfter ?? 0) * 1000));
        },
      ),
    );
  });

  it.each([
    ['120', 120],
    ['0', 0],
    [' 5 ', 5],
    ['Thu, 01 Jan 1970 00:00:30 GMT', 30],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['-1', null],
    ['soon', null],
    ['May', null],
    ['1e3', null],
    [null, null],
  ])('Retry-After: %s is %s seconds', (header, seconds) => {
    expect(retryAfterSeconds(header, 0)).toBe(seconds);
  });
});

describe('a call fails', () => {
  it('as what Millrace said', async () => {
    const errors = [{ path: 'url', detail: 'must be the URL', code: 'invalid_type' }];
    const { millrace } = site([
      { status: 422, body: { ...PROBLEM, code: 'invalid_request', title: 'The request is not valid', errors } },
    ]);
    const error = await failure(millrace.endpoints.get('ep_1'));
    expect(error).toBeInstanceOf(MillraceApiError);
    expect(error).toMatchObject({
      call: 'GET /v1/endpoints/ep_1',
      status: 422,
      code: 'invalid_request',
      detail: 'Later.',
      errors,
      traceId: 'abc',
      requestId: null,
      message: 'GET /v1/endpoints/ep_1: Later. url must be the URL (422 invalid_request)',
    });
  });

  it('as what eClips documents', async () => {
    const { millrace, requests } = site([
      { status: 403, body: { error: 'Insufficient scope', required: 'webhooks:write', provided: ['events:write'] } },
    ]);
    expect(await failure(millrace.createWebhook('https://a.example', ['run.completed']))).toMatchObject({
      status: 403,
      code: 'insufficient_scope',
      detail: 'Insufficient scope',
      required: 'webhooks:write',
      provided: ['events:write'],
    });
    expect(requests[0]).toMatchObject({
      url: 'https://site.example/base/v1/webhooks',
      init: { method: 'POST', body: '{"url":"https://a.example","events":["run.completed"]}' },
    });
  });

  it.each<[string, Reply, number]>([
    ['a page of a proxy', { status: 502, body: '<html>', headers: { 'content-type': 'text/html' } }, 502],
    ['a page with 200', { status: 200, body: '<html>', headers: { 'content-type': 'text/html' } }, 200],
    ['an empty 200', { status: 200, body: '' }, 200],
    ['a redirect', { status: 301, body: '', headers: { location: 'https://b.example' } }, 301],
    ['text that is JSON but no problem', { status: 500, body: '"no"' }, 500],
    ['null', { status: 500, body: 'null' }, 500],
  ])('as an answer that cannot be Millrace’s: %s', async (_what, reply, status) => {
    const error = await failure(site([reply], { maxRetries: 0 }).millrace.endpoints.get('ep_1'));
    expect(error).toBeInstanceOf(MillraceAnswerError);
    expect(error).toMatchObject({ status });
  });

  it('as a network error with its reason', async () => {
    const cause = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') });
    const error = await failure(site([cause], { maxRetries: 0 }).millrace.endpoints.get('ep_1'));
    expect(error).toBeInstanceOf(MillraceNetworkError);
    expect(error).toMatchObject({
      cause,
      message: 'GET /v1/endpoints/ep_1: no answer from https://site.example/base: connect ECONNREFUSED 127.0.0.1:1',
    });
  });

  it('as a time-out, which is tried again', async () => {
    const { millrace, requests } = site(['hang', 'hang', { status: 200, body: { id: 'ep_1' } }], { timeoutMs: 5 });
    expect(await millrace.endpoints.get('ep_1')).toEqual({ id: 'ep_1' });
    expect(requests).toHaveLength(3);
    const error = await failure(site(['hang'], { timeoutMs: 5, maxRetries: 0 }).millrace.endpoints.get('ep_1'));
    expect(error).toBeInstanceOf(MillraceTimeoutError);
    expect(error).toMatchObject({ timeoutMs: 5 });
  });

  it('with the reason of its signal, during a request and during a wait', async () => {
    const reason = new Error('enough');
    const during = new AbortController();
    const hanging = site(['hang']);
    const call = failure(hanging.millrace.endpoints.get('ep_1', { signal: during.signal }));
    during.abort(reason);
    expect(await call).toBe(reason);
    expect(hanging.requests).toHaveLength(1);

    const waiting = new AbortController();
    const { millrace, requests } = site([UNAVAILABLE], {
      effects: { random: () => 0 },
    });
    const later = failure(millrace.endpoints.get('ep_1', { signal: waiting.signal }));
    setTimeout(() => waiting.abort(reason), 20);
    expect(await later).toBe(reason);
    expect(requests).toHaveLength(1);

    expect(await failure(millrace.endpoints.get('ep_1', { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(requests).toHaveLength(1);
  });
});

describe('a list', () => {
  const pageOf = (data: number[], nextCursor: string | null): Reply => ({ status: 200, body: { data, nextCursor } });

  it('is read to its end, page by page, when it is needed', async () => {
    const { millrace, requests } = site([pageOf([1, 2], 'b'), pageOf([], 'c'), pageOf([3], null)]);
    const found: unknown[] = [];
    for await (const item of millrace.endpoints.list({ limit: 2 })) found.push(item);
    expect(found).toEqual([1, 2, 3]);
    expect(requests.map(({ url }) => new URL(url).search)).toEqual([
      '?limit=2',
      '?limit=2&cursor=b',
      '?limit=2&cursor=c',
    ]);
  });

  it('gives the first ones without asking for more pages than that takes', async () => {
    const { millrace, requests } = site([pageOf([1, 2], 'b'), pageOf([3, 4], 'c')]);
    expect(await millrace.endpoints.list().take(3)).toEqual([1, 2, 3]);
    expect(requests).toHaveLength(2);
    expect(await millrace.endpoints.list().take(0)).toEqual([]);
    expect(requests).toHaveLength(2);
  });

  it('ends when a server gives the same cursor again', async () => {
    const { millrace, requests } = site([pageOf([1], 'b')]);
    expect(await millrace.endpoints.list().take(100)).toEqual([1, 1]);
    expect(requests).toHaveLength(2);
  });
});

it('tells health, also where it is bad, without trying again', async () => {
  const bad = { status: 'unavailable', services: { delivery: 'unavailable' } };
  const { millrace, requests } = site([
    { status: 503, body: bad },
    { status: 200, body: { status: 'ok' } },
  ]);
  expect(await millrace.site.ready()).toEqual({ ...bad, ok: false });
  expect(requests).toHaveLength(1);
  const proxy = site([{ status: 503, body: '<html>' }], { maxRetries: 0 });
  expect(await failure(proxy.millrace.site.ready())).toMatchObject({ name: 'MillraceAnswerError', status: 503 });
  expect(await millrace.site.live()).toEqual({ status: 'ok', ok: true });
});

it('reads documents and metrics', async () => {
  const { millrace, requests } = site([
    { status: 200, body: 'up 1' },
    { status: 200, body: { openapi: '3.1.0' } },
  ]);
  expect(await millrace.site.metrics()).toBe('up 1');
  expect(await millrace.site.openApi()).toEqual({ openapi: '3.1.0' });
  await millrace.site.asyncApi();
  expect(requests.map(({ url }) => new URL(url).pathname)).toEqual([
    '/base/metrics',
    '/base/openapi.json',
    '/base/asyncapi.json',
  ]);
});
