import {
  DELIVERY_STATUSES,
  ENDPOINT_STATUSES,
  MACHINE_STATUSES,
  QUARANTINE_STATES,
  SOURCE_CONNECTIONS,
} from './words.js';

/** Elements of the page. Whatever producers and receivers sent is only ever set as text, never as markup. */

const ICONS = {
  pending: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 5v3l2 2',
  retrying: 'M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3',
  parked: 'M5.5 3v10M10.5 3v10',
  succeeded: 'M2.5 8.5 6.5 12.5 13.5 4',
  failed: 'M3.5 3.5 12.5 12.5M12.5 3.5 3.5 12.5',
  cancelled: 'M3 8h10',
  expired: 'M4 2.5h8M4 13.5h8M5 2.5c0 4 6 7 6 11M11 2.5c0 4-6 7-6 11',
  active: 'M2.5 8.5 6.5 12.5 13.5 4',
  paused: 'M5.5 3v10M10.5 3v10',
  down: 'M8 2.5v11M3.5 9 8 13.5 12.5 9',
  running: 'M5 3.5 12.5 8 5 12.5Z',
  idle: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM5.5 8h5',
  held: 'M5.5 3v10M10.5 3v10',
  offline: 'M2.5 2.5l11 11M3 6.5a8 8 0 0 1 2.5-1.6M13 6.5a8 8 0 0 0-4-2M5.5 9.5a4 4 0 0 1 2.5-.9M8 12.5v.1',
  unknown: 'M6 6a2 2 0 1 1 2.6 1.9c-.4.1-.6.5-.6.9V10M8 12.4v.1',
  connected: 'M2.5 8.5 6.5 12.5 13.5 4',
  listening: 'M8 2.5V10M4.5 6.5 8 10l3.5-3.5M3 13.5h10',
  connecting: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 5v3l2 2',
  disconnected: 'M3.5 3.5 12.5 12.5M12.5 3.5 3.5 12.5',
  degraded: 'M8 2.5 14 13.5H2ZM8 6.5v3.5M8 12v.2',
  waiting: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 5v3l2 2',
  finished: 'M3.5 2.5v11M3.5 3h8l-2 2.5 2 2.5h-8',
  off: 'M3 8h10',
  open: 'M8 2.5 14 13.5H2ZM8 6.5v3.5M8 12v.2',
  redriven: 'M13.5 8a5.5 5.5 0 1 1-1.7-4M13.5 2v3h-3',
  discarded: 'M3 8h10',
  disabled: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM3.8 3.8l8.4 8.4',
};
const STATUSES = new Set([
  ...DELIVERY_STATUSES,
  ...ENDPOINT_STATUSES,
  ...MACHINE_STATUSES,
  ...SOURCE_CONNECTIONS,
  ...QUARANTINE_STATES,
]);

export const byId = (id) => document.getElementById(id);

/** An element with children; attributes by name, null for none. */
export const el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
};
/** `data-key` lets its focus survive when what is around it is made anew. */
export const button = (label, kind, key, pressed) => {
  const element = el('button', { type: 'button', class: kind, 'data-key': key }, label);
  element.addEventListener('click', pressed);
  return element;
};
export const link = (hash, ...children) => el('a', { href: hash, 'data-key': hash }, ...children);
export const mono = (text) => el('span', { class: 'mono' }, text);
export const hint = (...children) => el('p', { class: 'hint' }, ...children);

/** Text whose parts between backticks are code; a lone backtick stays what it is. */
export const prose = (text) => text.split(/`([^`]+)`/).map((part, at) => (at % 2 === 0 ? part : el('code', {}, part)));

/** Characters at the end of a long text that are always seen. */
const TAIL = 15;
/** Text that is cut in the middle where there is no room: of URLs, the host is often the same and the end differs. */
export const cutInMiddle = (text, kind) => {
  const letters = [...text];
  const at = letters.length > TAIL + 3 ? letters.length - TAIL : letters.length;
  return el(
    'span',
    { class: `cut ${kind}` },
    el('span', { class: 'cut-head' }, letters.slice(0, at).join('')),
    at === letters.length ? null : el('span', { class: 'cut-tail' }, letters.slice(at).join('')),
  );
};

export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
/** Puts new children in place of the old ones, and the focus back to where it was. */
export const renew = (element, ...children) => {
  const active = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren(...children.filter((child) => child !== null));
  if (active === undefined) return;
  for (const each of element.querySelectorAll('[data-key]'))
    if (each.dataset.key === active) return each.focus({ preventScroll: true });
};

const icon = (status) => {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', ICONS[status] ?? ICONS.cancelled);
  svg.append(path);
  return svg;
};
/** @param looksLike the status whose colour and sign it has, where its own would say less */
export const statusLabel = (status, looksLike = status) =>
  el('span', { class: `status ${STATUSES.has(looksLike) ? looksLike : ''}` }, icon(looksLike), status);

export const outcomeLabel = (outcome) => {
  if (outcome === null) return el('span', { class: 'soft' }, '–');
  const kind = outcome === 'success' ? 'good' : outcome === 'pending' || outcome === 'unknown' ? 'soft' : 'bad';
  return el('span', { class: kind }, outcome.replace(/^http_/, 'HTTP ').replace(/_/g, ' '));
};

/** Names with values; a value of null leaves its name out. */
export const factList = (pairs) =>
  el(
    'dl',
    { class: 'facts' },
    ...pairs
      .filter(([, value]) => value !== null)
      .flatMap(([name, value]) => [
        el('dt', {}, name),
        Array.isArray(value) ? el('dd', {}, ...value) : el('dd', {}, value),
      ]),
  );

export const headerList = (entries) =>
  entries.length === 0
    ? null
    : el('dl', { class: 'headers' }, ...entries.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]));

/** Text as it came, in a box that scrolls and can be reached by keys. */
export const textBox = (label, text) => el('pre', { tabindex: '0', 'aria-label': label }, text);
