import { LocalStackError } from '../machine/local-stack-error';

export interface DemoEndpoint {
  readonly id: string;
  readonly secret: string;
  readonly url: string;
}

export interface Api {
  readonly origin: string;
  readonly key: string;
}

/** What the demo receiver subscribes to. */
const EVENT_TYPES = ['machine.*', 'production.*'];

/**
 * The endpoint of the demo receiver: the one of an earlier start when the API still knows it, else a new one. Made through
 * the API like anybody's.
 */
export const registerDemoEndpoint = async (
  api: Api,
  url: string,
  known: DemoEndpoint | null,
): Promise<DemoEndpoint> => {
  if (known !== null) {
    const found = await call(api, 'GET', `/v1/endpoints/${known.id}`);
    if (found.status === 200) {
      const wanted = { url, status: 'active' };
      const { url: knownUrl, status } = found.body as { url: string; status: string };
      if (knownUrl === url && status === 'active') return known;
      const changed = await call(api, 'PATCH', `/v1/endpoints/${known.id}`, wanted);
      if (changed.status === 200) return { ...known, url };
    }
  }
  const description = 'Demo receiver of npm start';
  const made = await call(api, 'POST', '/v1/endpoints', { url, eventTypes: EVENT_TYPES, description });
  if (made.status !== 201) {
    throw new LocalStackError(
      `The demo receiver could not be registered (${made.status}): ${JSON.stringify(made.body)}`,
    );
  }
  const { id, secret } = made.body as { id: string; secret: string };
  return { id, secret, url };
};

const call = async (
  api: Api,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(`${api.origin}${path}`, {
    method,
    headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await answer.text();
  try {
    return { status: answer.status, body: JSON.parse(text) };
  } catch {
    return { status: answer.status, body: text };
  }
};
