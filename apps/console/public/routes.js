/** Where in the console somebody is: the part of the address behind #, so that it can be sent to others and Back works. */

const VIEWS = ['deliveries', 'endpoints', 'exports', 'machines', 'sources', 'quarantine'];

/** `#/endpoints/ep_1/test?status=down` is `{view: 'endpoints', parts: ['ep_1', 'test'], query}`. */
export const routeOf = (hash) => {
  const [path, search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [view, ...parts] = path.split('/').filter((part) => part !== '');
  let decoded = [];
  try {
    decoded = parts.map(decodeURIComponent);
  } catch {
    // An address that nobody made: the view without more.
  }
  return { view: VIEWS.includes(view) ? view : 'deliveries', parts: decoded, query: new URLSearchParams(search) };
};

/** @param query members of null or '' are left out */
export const hashOf = (view, parts = [], query = {}) => {
  const search = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== ''),
  ).toString();
  return `#/${[view, ...parts.map(encodeURIComponent)].join('/')}${search === '' ? '' : `?${search}`}`;
};

let arrived = () => undefined;
export const onRoute = (listener) => {
  arrived = listener;
};

/** @param replace true where Back should not come by here again */
export const go = (hash, replace = false) => {
  if (hash !== location.hash) history[replace ? 'replaceState' : 'pushState'](null, '', hash);
  arrived();
};
