import { useKey } from './api.js';
import { deliveries } from './deliveries.js';
import { byId, setText } from './dom.js';
import { endpoints } from './endpoints.js';
import { exportsView } from './exports.js';
import { LETTERS, showKeys } from './keys.js';
import { forget } from './known.js';
import { onRefused, refresh, show as showLive, watch } from './live.js';
import { machines } from './machines.js';
import { closePane } from './pane.js';
import { quarantine } from './quarantine.js';
import { go, hashOf, onRoute, routeOf } from './routes.js';
import { silence } from './said.js';
import { sources } from './sources.js';

/** The console: one page over the public API. Which view is seen follows from the address; the key is in memory only. */

const VIEWS = { deliveries, endpoints, exports: exportsView, machines, sources, quarantine };
/** How long a g waits for its letter. */
const LEAP_MS = 1_500;

let signedIn = false;
/** Name of the view that is seen; null before there is a key. */
let seen = null;
let leapUntil = 0;

const arrive = () => {
  if (!signedIn) return;
  const route = routeOf(location.hash);
  const arriving = route.view !== seen;
  if (arriving && seen !== null) VIEWS[seen].hide();
  const former = seen;
  seen = route.view;
  for (const name of Object.keys(VIEWS)) {
    byId(`${name}-view`).hidden = name !== seen;
    const tab = byId(`to-${name}`);
    if (name === seen) {
      tab.setAttribute('aria-current', 'page');
      // On a small screen the tabs scroll sideways.
      tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    } else tab.removeAttribute('aria-current');
  }
  document.title = `${VIEWS[seen].title} · Millrace`;
  if (arriving && former !== null) closePane();
  VIEWS[seen].show(route, arriving);
  if (arriving) watch(VIEWS[seen]);
  else refresh();
};

const forgetAll = () => {
  forget();
  closePane();
  silence();
  for (const view of Object.values(VIEWS)) view.forget();
};

const signIn = (key) => {
  watch(null);
  forgetAll();
  useKey(key);
  signedIn = true;
  seen = null;
  byId('key').value = '';
  byId('sign-in').hidden = true;
  byId('board').hidden = false;
  byId('tabs').hidden = false;
  byId('change-key').hidden = false;
  arrive();
};

const signOut = (problem) => {
  watch(null);
  useKey(null);
  signedIn = false;
  seen = null;
  byId('dialog').close();
  forgetAll();
  byId('board').hidden = true;
  byId('tabs').hidden = true;
  byId('change-key').hidden = true;
  byId('sign-in').hidden = false;
  setText(byId('key-problem'), problem ?? '');
  byId('key-problem').hidden = !problem;
  byId('key').focus();
};

const isTyping = ({ target }) => target.matches?.('input:not([type="checkbox"], [type="radio"]), textarea, select');
/** There the arrows scroll, and letters are for whatever has the focus. */
const inPane = ({ target }) => byId('detail').contains(target);

const onKey = (event) => {
  if (!signedIn || event.ctrlKey || event.metaKey || event.altKey || byId('dialog').open) return;
  const view = VIEWS[seen];
  const narrow = view.narrow === null ? null : byId(view.narrow);
  const narrowing = event.target === narrow;
  if (event.key === 'Escape') {
    if (narrowing && view.clearNarrow()) return;
    if (isTyping(event) && !inPane(event)) return event.target.blur();
    view.close();
    return;
  }
  if (narrowing && (event.key === 'ArrowDown' || event.key === 'Enter')) view.move(1);
  else if (isTyping(event)) return;
  else if (event.timeStamp < leapUntil && LETTERS[event.key] !== undefined) {
    leapUntil = 0;
    go(hashOf(LETTERS[event.key]));
  } else if (event.key === '?') showKeys();
  else if (event.key === 'g') leapUntil = event.timeStamp + LEAP_MS;
  else if (event.key === 'j' || (event.key === 'ArrowDown' && !inPane(event))) view.move(1);
  else if (event.key === 'k' || (event.key === 'ArrowUp' && !inPane(event))) view.move(-1);
  else if (event.key === 'Enter' && event.target.closest?.('button, a, summary, label, input') === null) {
    if (!view.open()) return;
    byId('detail').focus();
  } else if (event.key === 'n' && view.add !== undefined) view.add();
  else if (event.key === '/' && narrow !== null) narrow.focus();
  else return;
  event.preventDefault();
};

const keyFromAddress = () => {
  const key = new URLSearchParams(location.hash.slice(1)).get('key');
  if (key !== null) history.replaceState(null, '', location.pathname);
  return key;
};

const begin = () => {
  const key = keyFromAddress();
  for (const view of Object.values(VIEWS)) view.begin();
  onRoute(arrive);
  onRefused(signOut);
  byId('key-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = byId('key').value.trim();
    if (/^[\x21-\x7e]+$/.test(typed)) signIn(typed);
    else signOut('That is not a key: keys start with mr_ and have no spaces.');
  });
  byId('change-key').addEventListener('click', () => signOut());
  for (const each of document.querySelectorAll('.keys-all')) each.addEventListener('click', showKeys);
  document.addEventListener('keydown', onKey);
  document.addEventListener('visibilitychange', () => {
    showLive();
    refresh();
  });
  // Links, Back and Forward, and what somebody types into the address.
  addEventListener('popstate', () => {
    const given = keyFromAddress();
    if (given !== null) signIn(given);
    else arrive();
  });
  // What the address says is kept until there is a key, so that a link survives the question for one.
  if (key === null) signOut();
  else signIn(key);
};

begin();
