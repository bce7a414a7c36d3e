import { change, wordsOf } from './api.js';
import { ask } from './dialog.js';
import { button, byId, el, factList, hint, link, mono, renew, textBox } from './dom.js';
import { refresh } from './live.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { hashOf } from './routes.js';
import { say } from './said.js';
import { forgetSecret, hasSecret, ownerOfSource, tokenNotice } from './secret.js';
import { connectionOf, isCalled, sharedWords, sourceLabel } from './source-state.js';
import { ago, counted, lastingSince, timeOf, until } from './words.js';

/** One source: its connection, what it counts, its settings without their secrets, and what was seen when it was tried. */

let shown = '';
let ways = null;
/** What the try saw of sources that were saved from here, by name. */
const seen = new Map();
export const rememberSeen = (name, tried) => {
  if (tried !== null) seen.set(name, tried);
};
export const forgetSource = () => {
  seen.clear();
  shown = '';
};

export const openSource = (name, { close, edit, deleted }) => {
  ways = { close, edit, deleted };
  if (!openPane('Source', name)) return;
  shown = '';
  fillPane(paneHead(name, null, close), hint('Reading the source…'));
};

/** @param all the sources that there are */
export const refreshSource = async (name, source, all) => {
  if (!isAbout(name)) return;
  if (source !== null) return show(source, sharedWords(source, all));
  shown = '';
  renew(byId('detail'), paneHead('Not found', null, ways.close), hint('There is no source of this name.'));
};

const path = ({ name }) => `/v1/sources/${encodeURIComponent(name)}`;

const enable = async (source, enabled) => {
  try {
    await change('PATCH', path(source), { enabled, try: false });
    say(enabled ? 'It is switched on.' : 'It is switched off.');
    refresh();
  } catch (error) {
    say(wordsOf(error));
  }
};

const remove = (source) =>
  ask({
    title: `Delete the source ${source.name}?`,
    lines: ['Nothing is read from it any more. What it has sent stays, and so do its machines.'],
    action: 'Delete the source',
    dangerous: true,
    act: async () => {
      await change('DELETE', path(source));
      forgetSecret(ownerOfSource(source.name));
      say('The source is deleted.');
      ways.deleted();
    },
  });

const actionsOf = (source) =>
  source.readOnly
    ? hint('It comes from the environment of the service, and is changed there.')
    : el(
        'div',
        { class: 'actions' },
        button('Change settings', 'plain', 'edit', () => ways.edit()),
        source.enabled
          ? button('Switch off', 'plain', 'off', () => enable(source, false))
          : button('Switch on', 'plain', 'on', () => enable(source, true)),
        button('Delete…', 'plain', 'delete', () => remove(source)),
      );

const whyNot = (source) => {
  const { enabled, state } = source;
  if (!enabled) return null;
  if (connectionOf(source) === 'waiting')
    return hint('No process runs it now. If that lasts longer than a minute, see whether machine-ingest is up.');
  if (state.reason === null) return null;
  return hint(`${state.reason}${state.nextTryAt === null ? '' : ` Next try ${until(state.nextTryAt)}.`}`);
};

const seenTable = (tried) =>
  el(
    'table',
    { class: 'values' },
    el('thead', {}, el('tr', {}, ...['Machine', 'Signal', 'Value'].map((name) => el('th', { scope: 'col' }, name)))),
    el(
      'tbody',
      {},
      ...tried.seen.map(({ machine, path: at, value, unit }) =>
        el(
          'tr',
          {},
          el('td', {}, machine ?? '–'),
          el('td', { title: at }, mono(at)),
          el(
            'td',
            {},
            value === null ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value),
            unit === null ? null : el('span', { class: 'soft' }, ` ${unit}`),
          ),
        ),
      ),
    ),
  );

/** What a try saw, for the form too. */
export const triedView = (tried) =>
  el('div', {}, hint(tried.summary), tried.seen.length === 0 ? null : seenTable(tried));

const machinesOf = ({ machines }) => {
  if (machines === null) return 'as its peer says';
  if (machines.length === 0) return '–';
  const links = machines.slice(0, 20).map((machine) => link(hashOf('machines', [machine]), machine));
  return links.flatMap((each, at) => (at === 0 ? [each] : [', ', each]));
};

const namesOf = (name) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const flowFacts = ({ state }) => [
  [
    'Last signal',
    state.lastSignal === null
      ? 'none since its process began'
      : `${ago(state.lastSignal.at)}: ${state.lastSignal.machine} ${state.lastSignal.path}`,
  ],
  [
    'Stored',
    `${counted(state.received, 'signal')} since its process began, ${state.rate.toLocaleString(undefined, { maximumFractionDigits: 1 })} a second now`,
  ],
];
const addressOf = ({ url }) => [el('span', { class: 'soft' }, 'POST '), mono(new URL(url, location.origin).href)];
/** Once: what stands above as the reason is not told again. */
const lastErrorOf = ({ lastError, reason }) =>
  lastError === null || lastError.detail === reason
    ? null
    : el('span', { title: timeOf(lastError.at) }, `${ago(lastError.at)}: ${lastError.detail}`);

const factsOf = (source, shared) => {
  const { state } = source;
  return factList([
    ['Address', isCalled(source) ? addressOf(source) : null],
    ['Machines', machinesOf(source)],
    [
      'Shared',
      shared === '' ? null : `${shared} Where both send an item of the same name, each has a value of its own.`,
    ],
    ...flowFacts(source),
    ['Last error', lastErrorOf(state)],
    [
      'Refused',
      state.refused === 0
        ? null
        : [
            `${counted(state.refused, 'message')}${state.lastRefusedAt === null ? '' : `, the last ${ago(state.lastRefusedAt)}`}: `,
            link(hashOf('quarantine', [], { list: 'signals' }), 'see the quarantine'),
          ],
    ],
    [
      'Lost',
      state.gaps === 0
        ? null
        : `${counted(state.gaps, 'stretch', 'stretches')} of signals: runs and bundles that one lies in are told as not wholly believed; docs/runbooks/source-lost-signals.md says what to do`,
    ],
    ['Behind', state.lagMs === null ? null : `${(state.lagMs / 1000).toFixed(1)} s`],
    ['Waiting', state.queued === 0 ? null : `${counted(state.queued, 'signal')} not stored yet`],
    ...Object.entries(state.counts).map(([name, count]) => [
      namesOf(name),
      count === 0 ? null : count.toLocaleString(),
    ]),
    ['Session', state.session ? mono(state.session) : null],
    ['Run by', isCalled(source) ? null : state.owner === null ? 'no process now' : mono(state.owner)],
    ['Tried', source.tried || isCalled(source) ? null : 'not yet: it was saved without a try'],
  ]);
};

const headOf = (source) => {
  const since =
    connectionOf(source) === 'listening' || !source.enabled || source.state.since === null
      ? ''
      : lastingSince(source.state.since);
  return paneHead(source.name, [sourceLabel(source), `${since}, ${source.type}`], ways.close);
};

/** The notice stays the same element while the rest is made anew, so that what is marked in it stays marked. */
const showNotice = (name) => {
  const place = byId('source-notice');
  if (hasSecret(ownerOfSource(name)) === place.hasChildNodes()) return;
  renew(
    place,
    tokenNotice(name, () => showNotice(name)),
  );
};

const show = (source, shared) => {
  const { state } = source;
  const now = JSON.stringify([
    { ...source, state: { ...state, at: null } },
    shared,
    state.lastSignal === null ? '' : ago(state.lastSignal.at),
    state.since === null ? '' : ago(state.since),
    state.lastError === null ? '' : ago(state.lastError.at),
    state.lastRefusedAt === null ? '' : ago(state.lastRefusedAt),
    state.nextTryAt === null ? '' : until(state.nextTryAt),
  ]);
  if (byId('source-notice') === null)
    fillPane(el('div', { id: 'source-head' }), el('div', { id: 'source-notice' }), el('div', { id: 'source-facts' }));
  showNotice(source.name);
  if (now === shown) return;
  shown = now;
  const tried = seen.get(source.name) ?? null;
  renew(byId('source-head'), headOf(source), whyNot(source), actionsOf(source));
  renew(
    byId('source-facts'),
    factsOf(source, shared),
    el('h3', {}, 'Settings'),
    textBox('Settings', JSON.stringify(source.settings, null, 2)),
    tried === null ? null : el('h3', {}, 'Seen when it was tried'),
    tried === null ? null : triedView(tried),
  );
};
