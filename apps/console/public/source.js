import { change, wordsOf } from './api.js';
import { ask } from './dialog.js';
import { button, byId, el, factList, hint, link, mono, renew, statusLabel, textBox } from './dom.js';
import { refresh } from './live.js';
import { fillPane, isAbout, openPane, paneHead } from './pane.js';
import { hashOf } from './routes.js';
import { say } from './said.js';
import { ago, counted, timeOf, until } from './words.js';

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

export const refreshSource = async (name, source) => {
  if (!isAbout(name)) return;
  if (source !== null) return show(source);
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

const whyNot = ({ enabled, state }) => {
  if (!enabled || state.reason === null) return null;
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

const show = (source) => {
  const { state } = source;
  const now = JSON.stringify([
    source,
    state.lastSignal === null ? '' : ago(state.lastSignal.at),
    state.nextTryAt === null ? '' : until(state.nextTryAt),
  ]);
  if (now === shown) return;
  shown = now;
  const tried = seen.get(source.name) ?? null;
  renew(
    byId('detail'),
    paneHead(
      source.name,
      [
        statusLabel(source.enabled ? state.connection : 'off'),
        ` ${source.type}${state.since === null ? '' : `, ${ago(state.since)}`}`,
      ],
      ways.close,
    ),
    whyNot(source),
    actionsOf(source),
    factList([
      [
        'Machines',
        source.machines === null
          ? 'as its peer says'
          : source.machines.length === 0
            ? '–'
            : el(
                'span',
                {},
                ...source.machines
                  .slice(0, 20)
                  .flatMap((machine, at) => [at === 0 ? '' : ', ', link(hashOf('machines', [machine]), machine)]),
              ),
      ],
      [
        'Last signal',
        state.lastSignal === null
          ? 'none yet'
          : `${ago(state.lastSignal.at)}: ${state.lastSignal.machine} ${state.lastSignal.path}`,
      ],
      ['Last error', state.lastError === null ? null : `${timeOf(state.lastError.at)}: ${state.lastError.detail}`],
      [
        'Stored',
        `${counted(state.received, 'signal')} since its owner began, ${state.rate.toLocaleString(undefined, { maximumFractionDigits: 1 })} a second now`,
      ],
      [
        'Refused',
        state.refused === 0
          ? null
          : el(
              'span',
              {},
              `${counted(state.refused, 'message')}: `,
              link(hashOf('quarantine', [], { list: 'signals' }), 'see the quarantine'),
            ),
      ],
      ['Gaps', state.gaps === 0 ? null : counted(state.gaps, 'stretch', 'stretches')],
      ['Behind', state.lagMs === null ? null : `${(state.lagMs / 1000).toFixed(1)} s`],
      ['Waiting', state.queued === 0 ? null : `${counted(state.queued, 'signal')} not stored yet`],
      ...Object.entries(state.counts).map(([name, count]) => [
        name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
        count === 0 ? null : count.toLocaleString(),
      ]),
      ['Session', state.session === null ? null : mono(state.session)],
      ['Run by', state.owner === null ? 'no process now' : mono(state.owner)],
      ['Tried', source.tried ? null : 'not yet: it was saved without a try'],
    ]),
    el('h3', {}, 'Settings'),
    textBox('Settings', JSON.stringify(source.settings, null, 2)),
    tried === null ? null : el('h3', {}, 'Seen when it was tried'),
    tried === null ? null : triedView(tried),
  );
};
