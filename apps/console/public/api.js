/** The calls to the API. The key lives here, in the memory of the page, and nowhere else. */

const READ_MS = 10_000;
/** A change answers when Kafka has it. */
const CHANGE_MS = 30_000;

let key = null;
export const useKey = (given) => {
  key = given;
};

/** The key itself is no good: nothing else can be asked with it. */
export class Refused extends Error {}

/** An answer that is no success. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? body?.error ?? `The server answered ${status}.`);
    this.status = status;
    this.code = body?.code ?? null;
    /** What was wrong with which member: `{path, detail}`. */
    this.errors = Array.isArray(body?.errors) ? body.errors : [];
    /** The scope that the key lacks; null where that was not the matter. */
    this.scope = status === 403 ? (body?.required?.[0] ?? 'of this call') : null;
  }
}

const ask = async (method, path, { body, signal, idempotencyKey } = {}) => {
  const asked = key;
  const response = await fetch(path, {
    method,
    headers: {
      authorization: `Bearer ${asked}`,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
    cache: 'no-store',
  });
  if (response.status === 401) throw new Refused('This key is not valid: it may be mistyped, expired or revoked.');
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
};

export const read = (path, signal) => ask('GET', path, { signal: signal ?? AbortSignal.timeout(READ_MS) });

/** Not `randomUUID`: a console that is served without TLS has none. */
const token = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** What was sent and not answered, so that pressing the button again does not do it twice. */
const unanswered = new Map();

export const change = async (method, path, body) => {
  const asked = `${method} ${path} ${JSON.stringify(body)}`;
  const idempotencyKey = method === 'POST' ? (unanswered.get(asked) ?? token()) : undefined;
  if (idempotencyKey !== undefined) unanswered.set(asked, idempotencyKey);
  try {
    const answer = await ask(method, path, { body, idempotencyKey, signal: AbortSignal.timeout(CHANGE_MS) });
    unanswered.delete(asked);
    return answer;
  } catch (error) {
    if (error.status !== undefined && error.status < 500) unanswered.delete(asked);
    throw error;
  }
};

/** Every page of a list, up to `most` of them. */
export const readAll = async (path, most = 10) => {
  const found = [];
  let cursor = null;
  for (let page = 0; page < most; page += 1) {
    const query = new URLSearchParams({ limit: '200', ...(cursor === null ? {} : { cursor }) });
    const answer = await read(`${path}?${query}`);
    found.push(...answer.data);
    cursor = answer.nextCursor;
    if (cursor === null) break;
  }
  return found;
};

/** An error in words for people. */
export const wordsOf = (error) => {
  if (error instanceof Problem)
    return error.scope === null
      ? error.message
      : `This key may not do that: it lacks the scope ${error.scope}. Everything that it may do goes on.`;
  if (error instanceof Refused) return error.message;
  return 'The server cannot be reached. Whether it was done is not known; the list shows it as soon as it is back.';
};
