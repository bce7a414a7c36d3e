import { Problem, readAll } from './api.js';

/** What changes seldom: asked once for a key, and again when something was not in it. */

let asked = new Map();
const once = (name, ask) => {
  if (!asked.has(name)) {
    const answer = ask();
    asked.set(name, answer);
    // What failed for a moment is asked again by the next who wants it.
    answer.catch((error) => {
      if (!(error instanceof Problem && error.scope !== null)) asked.delete(name);
    });
  }
  return asked.get(name);
};
export const forget = () => {
  asked = new Map();
  urls = new Map();
};

export const contracts = () => once('contracts', () => readAll('/v1/contracts'));
/** The catalogue of event types, in the order of their names. */
export const eventTypes = () =>
  once('event types', async () => {
    const types = await readAll('/v1/event-types', 50);
    return types.sort((one, other) => (one.name < other.name ? -1 : 1));
  });
export const newestEndpoints = () =>
  once('endpoints', async () => {
    const endpoints = await readAll('/v1/endpoints', 2);
    learn(endpoints);
    return endpoints;
  });

let urls = new Map();
/** Keeps where endpoints send to, so that people read that instead of ids. */
export const learn = (endpoints) => {
  for (const { id, url } of endpoints) if (typeof url === 'string') urls.set(id, url);
};
export const urlOf = (endpointId) => urls.get(endpointId) ?? null;
/** `erp.example/hooks` for `https://erp.example/hooks`; the id where the URL is not known. */
export const shortEndpoint = (endpointId) => (urlOf(endpointId) ?? endpointId).replace(/^https?:\/\//, '');
/** The next who wants it asks again: endpoints were added or taken away. */
export const endpointsChanged = () => asked.delete('endpoints');
