import { LocalStackError } from '../machine/local-stack-error';
import { type Api, call } from './api-call';

export interface DemoEndpoint {
  readonly id: string;
  readonly secret: string;
  readonly url: string;
}

/** What the demo receiver subscribes to. */
const EVENT_TYPES = ['machine.*', 'production.*', 'bundle.*'];

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
      const wanted = { url, status: 'active', eventTypes: EVENT_TYPES };
      const has = found.body as { url: string; status: string; eventTypes: string[] };
      const same = has.eventTypes.join() === EVENT_TYPES.join();
      if (has.url === url && has.status === 'active' && same) return known;
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
